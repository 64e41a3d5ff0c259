package dev.procdesc;

import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;

/**
 * A subscriber that reports the end of its stream: one that handles the output of a child
 * ({@link OutputSubscribers}), or that writes to the input of one ({@link PipeOutput#subscriber}).
 */
public interface PipeSubscriber extends Flow.Subscriber<ByteBuffer> {
  /**
   * Returns the future of the end of the stream. Dependent actions run in the thread that ends the
   * stream. Cancelling or completing the future has no effect on the stream.
   *
   * @return the same future at every call, which completes with the number of bytes when all of
   *     them were handled, and exceptionally with the exception that ended the stream
   */
  CompletableFuture<Long> completion();
}
