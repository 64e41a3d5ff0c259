package dev.procdesc;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.InterruptibleChannel;
import java.nio.channels.WritableByteChannel;
import java.time.Duration;
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
 * <p>Writes from several threads are serialized, and each is written as a whole, unless it is one
 * that may end early: {@link #tryWrite} and {@link #write(ByteBuffer, Duration)}.
 *
 * <p>An event loop of the application writes by {@link #fd()} and {@link #tryWrite}, or takes the
 * descriptor over by {@link #detach(IoMode)}.
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

  /**
   * Writes as much as there is room for, without waiting, and whether or not the thread is
   * interrupted.
   *
   * @param source the bytes; its position is that of the first byte which is not written
   * @return the number of bytes, 0 if a write would wait, or another thread writes
   * @throws java.nio.channels.ClosedChannelException if this pipe is closed
   * @throws IOException if the write fails: EPIPE if no process reads the pipe
   * @throws IllegalStateException while this pipe has a subscription
   */
  public abstract int tryWrite(ByteBuffer source) throws IOException;

  /**
   * Writes the buffer, waiting up to a timeout, after which this pipe remains open. A close and an
   * interrupt have the effects that they have on every write.
   *
   * @param source the bytes; its position is that of the first byte which is not written, if this
   *     method returns
   * @param timeout the maximum time to wait, for other writers too; zero or less only tries
   * @return the number of bytes, fewer than the buffer had only after the timeout
   * @throws java.nio.channels.ClosedChannelException if this pipe is closed, also while this method
   *     waits, or the thread is interrupted
   * @throws IOException if the write fails: EPIPE if no process reads the pipe
   * @throws IllegalStateException while this pipe has a subscription
   */
  public abstract int write(ByteBuffer source, Duration timeout) throws IOException;

  /**
   * Returns the number of the descriptor, for the caller's own poll, epoll or kqueue, which report
   * room and the loss of the last reader. This object owns it: the caller must not close it, nor
   * use it after {@link #close()}, and keeps this object reachable. The descriptor is close-on-exec
   * and non-blocking, and must remain so. Write by {@link #tryWrite}.
   *
   * <p>From the first call on, the descriptor stays open until {@link #close()}, also after the end
   * of the child.
   *
   * @return the descriptor number, not negative
   * @throws ClosedDescriptorException if this pipe is closed, or lost its last reader before the
   *     first call of this method, so that its descriptor is closed already
   */
  public abstract int fd();

  /**
   * Gives the descriptor to the caller, in blocking mode, as {@link #detach(IoMode)}.
   *
   * @return the descriptor number, which the caller closes
   * @throws java.nio.channels.ClosedChannelException if this pipe is closed
   * @throws IOException EMFILE, as {@link #detach(IoMode)}
   * @throws IllegalStateException as {@link #detach(IoMode)}
   */
  public int detach() throws IOException {
    return detach(IoMode.BLOCKING);
  }

  /**
   * Gives the descriptor to the caller, such as a channel of another library, which owns it from
   * then on and closes it. This pipe is closed then, without a close of the descriptor: its methods
   * throw {@link java.nio.channels.ClosedChannelException}, and neither {@link #close()} nor that
   * of the child affects the descriptor. It remains close-on-exec. A number keeps no child
   * reachable: hold the {@link ChildProcess} as long as the child is to live.
   *
   * <p>A pipe without a reader, whose descriptor may be closed already, gives that of another pipe
   * without a reader.
   *
   * <p>This method needs no name and no process ID, so that it works in the descriptor-only mode
   * too.
   *
   * @param mode the mode of the descriptor from now on
   * @return the descriptor number, which the caller closes
   * @throws java.nio.channels.ClosedChannelException if this pipe is closed
   * @throws IOException EMFILE for a pipe without a reader, if this JVM has too many open
   *     descriptors
   * @throws IllegalStateException while a thread writes or a subscription uses this pipe, or if
   *     this is one direction of a {@link ChildSocket}, which has a method for both; this pipe
   *     remains as it was
   */
  public abstract int detach(IoMode mode) throws IOException;

  @Override
  public abstract void close() throws IOException;
}
