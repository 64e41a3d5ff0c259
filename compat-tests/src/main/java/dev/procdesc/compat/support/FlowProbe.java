package dev.procdesc.compat.support;

import dev.procdesc.testing.Await;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicBoolean;

/** A subscriber that records its signals, and fails the stream if they come in a wrong order. */
public final class FlowProbe implements Flow.Subscriber<ByteBuffer> {
  private final long first;
  private final CompletableFuture<Flow.Subscription> subscription = new CompletableFuture<>();
  private final CompletableFuture<Integer> end = new CompletableFuture<>();
  private final List<ByteBuffer> buffers = new CopyOnWriteArrayList<>();
  private final AtomicBoolean inSignal = new AtomicBoolean();

  /** Creates a subscriber that requests a number of buffers at once; 0 for none. */
  public FlowProbe(long first) {
    this.first = first;
  }

  private void signal(Runnable body) {
    if (!inSignal.compareAndSet(false, true) || end.isDone()) {
      end.completeExceptionally(new AssertionError("two signals at a time, or one after the last"));
    }
    body.run();
    inSignal.set(false);
  }

  @Override
  public void onSubscribe(Flow.Subscription source) {
    signal(() -> {
      if (!subscription.complete(source)) {
        throw new AssertionError("subscribed twice");
      }
      if (first > 0) {
        source.request(first);
      }
    });
  }

  @Override
  public void onNext(ByteBuffer bytes) {
    signal(() -> buffers.add(bytes));
  }

  @Override
  public void onError(Throwable cause) {
    signal(() -> end.completeExceptionally(cause));
  }

  @Override
  public void onComplete() {
    signal(() -> end.complete(buffers.size()));
  }

  /** Waits for the subscription. */
  public Flow.Subscription subscription() throws InterruptedException {
    return Await.get(subscription);
  }

  /** Returns a future of the last signal. */
  public CompletableFuture<Integer> end() {
    return end;
  }

  /** Returns the buffers that have come. */
  public List<ByteBuffer> buffers() {
    return buffers;
  }

  /** Waits until a number of buffers have come. */
  public void awaitBuffers(int count) {
    Await.until(count + " buffers come", () -> buffers.size() >= count);
  }

  /** Returns the buffers that have come as text in UTF-8. */
  public String text() {
    StringBuilder text = new StringBuilder();
    for (ByteBuffer bytes : buffers) {
      text.append(StandardCharsets.UTF_8.decode(bytes.duplicate()));
    }
    return text.toString();
  }
}
