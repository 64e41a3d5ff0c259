package dev.procdesc;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.InterruptibleChannel;
import java.nio.channels.WritableByteChannel;
import java.util.concurrent.Executor;

/**
 * The parent's end of a pipe that a child reads: a stream and an interruptible channel. It is
 * unbuffered: every write is a system call, and written bytes are in the pipe when it returns. Wrap
 * it in a {@link java.io.BufferedOutputStream} for many small writes.
 *
 * <p>A virtual thread that writes to a full pipe parks without pinning its carrier thread.
 * {@link #close()} from another thread ends a write with
 * {@link java.nio.channels.AsynchronousCloseException}; an interrupt closes the pipe and ends the
 * write with {@link java.nio.channels.ClosedByInterruptException}, also if the pipe has room, and
 * also in a thread that waits for another writer. A write to a pipe without a reader throws
 * {@link IOException} (EPIPE); the JVM is not affected by {@code SIGPIPE}, which HotSpot catches.
 *
 * <p>A pipe without a reader never gets one again. Its descriptor is therefore closed when a write
 * fails with EPIPE, or when the child ends as the last reader. The stream remains open, and its
 * writes fail with EPIPE, until it is closed. A stream that becomes unreachable is closed by the
 * garbage collector.
 *
 * <p>Writes from several threads are serialized, and each is written as a whole.
 */
public abstract class PipeOutput extends OutputStream
    implements WritableByteChannel, InterruptibleChannel {
  /** Constructor for implementations. */
  protected PipeOutput() {}

  /**
   * Returns a subscriber that writes what a publisher publishes, without a thread that waits: the
   * library's watcher thread, which serves all children, notices when the pipe can be written. The
   * subscriber requests the next buffer when the last one is in the pipe, so the publisher is as
   * fast as the child reads. It does not change the buffers, which must not be changed by others
   * until the next request.
   *
   * <p>Writes, and calls of the publisher's subscription, run in tasks of the executor, one after
   * the other. After {@code onComplete} and the last write the pipe is closed, so that the child
   * reads the end of file. The pipe is also closed after {@code onError}; the child cannot tell
   * this from the end of its input.
   *
   * <p>If a write fails, such as with EPIPE because the child does not read any more, if the pipe
   * is closed, and if the executor does not accept a task, the subscription is cancelled, the pipe
   * is closed, and {@link PipeSubscriber#completion()} fails. A child that has stopped reading is
   * noticed at the next write.
   *
   * <p>A pipe has one user: from the subscription to its end, writes throw
   * {@link IllegalStateException}, and so does the completion fail of a subscriber that a publisher
   * gets while the pipe has another one or a thread writes.
   *
   * @param executor runs the writes
   * @return a new subscriber, for one subscription
   */
  public abstract PipeSubscriber subscriber(Executor executor);

  @Override
  public abstract void close() throws IOException;
}
