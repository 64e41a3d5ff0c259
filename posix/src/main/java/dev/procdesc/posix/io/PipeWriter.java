package dev.procdesc.posix.io;

import dev.procdesc.PipeSubscriber;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A stream from a publisher to a pipe. All writes, and all calls of the publisher's subscription,
 * are made by one {@link SerialTask}. A signal of the publisher, an event of the pipe and a close
 * of the pipe make it run.
 */
final class PipeWriter implements PipeSubscriber {
  /** The signals that end a stream. */
  private record End(Optional<Throwable> cause) {}

  private final PipeOutputImpl pipe;
  private final Readiness readiness;
  private final SerialTask task;
  private final CompletableFuture<Long> completion = new CompletableFuture<>();
  private final AtomicBoolean subscribed = new AtomicBoolean();

  /** The subscription, from the first signal on. */
  private volatile Flow.@Nullable Subscription upstream;

  /** The buffer to be written. */
  private volatile @Nullable ByteBuffer current;

  /** The last signal. */
  private volatile @Nullable End last;

  /** Set while a requested buffer has not come; accessed by the task, and by a signal to clear. */
  private volatile boolean requested;

  /** The number of bytes that were written; accessed by the task only. */
  private long written;

  /** Set when the stream has ended; accessed by the task only. */
  private boolean ended;

  PipeWriter(PipeOutputImpl pipe, Executor executor) {
    this.pipe = pipe;
    task = new SerialTask(Objects.requireNonNull(executor, "executor"), this::turn, this::abort);
    readiness = pipe.end().readiness(() -> pipe.end().execute(task::request));
  }

  @Override
  public CompletableFuture<Long> completion() {
    return completion;
  }

  @Override
  public void onSubscribe(Flow.Subscription subscription) {
    Objects.requireNonNull(subscription, "subscription");
    if (!subscribed.compareAndSet(false, true)) {
      subscription.cancel();
    } else if (pipe.use().beginStream()) {
      upstream = subscription;
      pipe.end().whenClosed(task::request);
      task.request();
    } else {
      subscription.cancel();
      completion.completeExceptionally(
          new IllegalStateException("the pipe is being written, or has a subscription already"));
    }
  }

  @Override
  public void onNext(ByteBuffer bytes) {
    Objects.requireNonNull(bytes, "bytes");
    if (current == null) {
      requested = false;
      current = bytes.duplicate();
    } else {
      last = new End(Optional.of(new IllegalStateException("a buffer was not requested")));
    }
    task.request();
  }

  @Override
  public void onError(Throwable cause) {
    last = new End(Optional.of(cause));
    task.request();
  }

  @Override
  public void onComplete() {
    last = new End(Optional.empty());
    task.request();
  }

  private boolean turn() {
    if (ended) {
      return false;
    }
    if (!pipe.isOpen()) {
      abort(new AsynchronousCloseException());
      return false;
    }
    try {
      ByteBuffer bytes = current;
      if (bytes != null && !write(bytes)) {
        readiness.await();
        return false;
      }
      proceed();
    } catch (ClosedChannelException e) {
      return true; // Closed by another thread, or released because the pipe has no reader.
    } catch (IOException | RuntimeException e) {
      abort(e);
    }
    return false;
  }

  /** Writes as much as possible; returns whether that is all. */
  private boolean write(ByteBuffer bytes) throws IOException {
    int before = bytes.remaining();
    try {
      return pipe.push(bytes);
    } finally {
      written += before - bytes.remaining();
    }
  }

  /** Requests another buffer, or ends the stream, when nothing is left to write. */
  private void proceed() {
    current = null;
    End end = last;
    if (end != null) {
      end(end.cause);
    } else if (!requested) {
      requested = true;
      Objects.requireNonNull(upstream).request(1);
    }
  }

  /** Ends the stream because of a failure of the pipe, of the executor or of the publisher. */
  private void abort(Throwable cause) {
    if (ended) {
      return;
    }
    Flow.Subscription subscription = upstream;
    end(Optional.of(cause));
    if (subscription != null) {
      subscription.cancel();
    }
  }

  private void end(Optional<Throwable> cause) {
    ended = true;
    readiness.end();
    pipe.end().forgetCloseAction();
    pipe.close();
    pipe.use().endStream();
    cause.ifPresentOrElse(completion::completeExceptionally, () -> completion.complete(written));
  }
}
