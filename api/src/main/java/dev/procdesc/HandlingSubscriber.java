package dev.procdesc;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/** A subscriber that passes one buffer after the other to a handler. */
final class HandlingSubscriber implements PipeSubscriber {
  /** The handler of a stream. */
  interface Handler {
    /** Handles a buffer. */
    void next(ByteBuffer bytes) throws IOException;

    /** Handles the end of file. */
    void end() throws IOException;
  }

  private final Handler handler;
  private final CompletableFuture<Long> completion = new CompletableFuture<>();
  private Flow.@Nullable Subscription subscription;
  private long received;

  /** Set when the handler has failed. */
  private boolean failed;

  HandlingSubscriber(Handler handler) {
    this.handler = handler;
  }

  @Override
  public CompletableFuture<Long> completion() {
    return completion;
  }

  @Override
  public void onSubscribe(Flow.Subscription first) {
    if (subscription == null) {
      subscription = first;
      first.request(1);
    } else {
      first.cancel();
    }
  }

  @Override
  public void onNext(ByteBuffer bytes) {
    Flow.Subscription source = Objects.requireNonNull(subscription, "onSubscribe comes first");
    if (failed) {
      return; // This buffer was on its way when the stream was cancelled.
    }
    received += bytes.remaining();
    try {
      handler.next(bytes);
      source.request(1);
    } catch (IOException | RuntimeException | Error e) {
      failed = true;
      source.cancel();
      completion.completeExceptionally(e);
    }
  }

  @Override
  public void onError(Throwable cause) {
    completion.completeExceptionally(cause);
  }

  @Override
  public void onComplete() {
    try {
      handler.end();
      completion.complete(received);
    } catch (IOException | RuntimeException | Error e) {
      completion.completeExceptionally(e);
    }
  }
}
