package dev.procdesc;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.InterruptibleChannel;
import java.nio.channels.ReadableByteChannel;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;

/**
 * The parent's end of a pipe that a child writes: a stream and an interruptible channel over one
 * buffer, so that both views may be mixed.
 *
 * <p>A virtual thread that reads parks without pinning its carrier thread. {@link #close()} from
 * another thread ends a read with {@link java.nio.channels.AsynchronousCloseException}; an
 * interrupt closes the pipe and ends the read with
 * {@link java.nio.channels.ClosedByInterruptException}, as for every interruptible channel, also if
 * data is available, and also in a thread that waits for another reader. End of file is reached
 * when the last writer, which may be a descendant of the child, has closed its end.
 *
 * <p>At the end of file the descriptor is closed at once, because no data can follow. The stream
 * remains open, and returns the end of file, until it is closed. A stream that becomes unreachable
 * is closed by the garbage collector.
 *
 * <p>Reads from several threads are serialized.
 *
 * <p>An event loop of the application reads by {@link #fd()} and {@link #tryRead}, or takes the
 * descriptor over by {@link #detach(IoMode)}.
 */
public abstract class PipeInput extends InputStream
    implements ReadableByteChannel, InterruptibleChannel {
  /** Constructor for implementations. */
  protected PipeInput() {}

  /**
   * Returns a publisher of the bytes of this pipe. No thread waits for them: the library's watcher
   * thread, which serves all children, notices when the pipe can be read.
   *
   * <p><b>Demand.</b> The pipe is read only when a buffer is requested, so that a child whose
   * output is not requested blocks when the pipe is full. The end of file, too, is noticed only
   * then. A buffer has 1 to 65,536 bytes, is on the heap and read-only, and belongs to the
   * subscriber.
   *
   * <p><b>Signals.</b> All signals run in tasks of the executor, one after the other and in order.
   * An executor that runs a task in the calling thread is permitted; it then runs the signals of an
   * event in a thread of the library that watches nothing meanwhile. A subscriber that is slow
   * therefore delays no other child, unless both use the same thread of the executor. After 16
   * buffers the executor gets another task. If the executor does not accept a task, the pipe is
   * closed, and {@code onError} is called with the executor's exception, in the thread that passed
   * the task. A subscriber that throws is cancelled, and its exception is logged.
   *
   * <p><b>End.</b> {@code onComplete} follows the end of file, and {@code onError} an error:
   * {@link IOException} if a read fails, {@link java.nio.channels.AsynchronousCloseException} if
   * the pipe is closed, {@link IllegalArgumentException} after a request of zero or less. Except at
   * the end of file the pipe is closed then. {@code cancel} closes the pipe too; a child that
   * writes to it afterwards gets {@code SIGPIPE}.
   *
   * <p>A pipe has one user: while it has a subscriber, its reads throw
   * {@link IllegalStateException}, and so does a further subscriber get that exception, as it does
   * while a thread reads. What was read before but not returned is published first. A subscription
   * with requests keeps the pipe and its child reachable until it ends.
   *
   * @param executor runs the signals
   * @return a publisher of this pipe, to which nothing happens before it has a subscriber
   * @see OutputSubscribers
   */
  public abstract Flow.Publisher<ByteBuffer> publisher(Executor executor);

  /**
   * Reads what is there, without waiting, and whether or not the thread is interrupted.
   *
   * <p>This stream reads up to 65,536 bytes ahead, which no poll of the descriptor reports. A loop
   * therefore calls this method after each event until it returns empty.
   *
   * @param target receives the bytes
   * @return the number of bytes, 0 only if the buffer has no room, -1 at the end of file; empty if
   *     a read would wait, or another thread reads
   * @throws java.nio.channels.ClosedChannelException if this pipe is closed
   * @throws IOException if the read fails
   * @throws IllegalStateException while this pipe has a subscriber
   */
  public abstract OptionalInt tryRead(ByteBuffer target) throws IOException;

  /**
   * Reads at least one byte, waiting up to a timeout, after which this pipe remains open. A close
   * and an interrupt have the effects that they have on every read.
   *
   * @param target receives the bytes
   * @param timeout the maximum time to wait, for other readers too; zero or less only tries
   * @return the number of bytes, 0 only if the buffer has no room, -1 at the end of file; empty
   *     after the timeout
   * @throws java.nio.channels.ClosedChannelException if this pipe is closed, also while this method
   *     waits, or the thread is interrupted
   * @throws IOException if the read fails
   * @throws IllegalStateException while this pipe has a subscriber
   */
  public abstract OptionalInt read(ByteBuffer target, Duration timeout) throws IOException;

  /**
   * Returns the number of the descriptor, for the caller's own poll, epoll or kqueue, which report
   * data and the end of file. This object owns it: the caller must not close it, nor use it after
   * {@link #close()}, and keeps this object reachable. The descriptor is close-on-exec and
   * non-blocking, and must remain so. Read by {@link #tryRead}.
   *
   * <p>From the first call on, the descriptor stays open until {@link #close()}, also after the end
   * of file, and after the end of a child that is seen {@linkplain ChildProcess#asProcess() as a
   * Process}.
   *
   * @return the descriptor number, not negative
   * @throws ClosedDescriptorException if this pipe is closed, or was at its end of file before the
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
   * <p>A pipe at its end of file, whose descriptor may be closed already, gives that of another
   * pipe at its end of file.
   *
   * <p>This method needs no name and no process ID, so that it works in the descriptor-only mode
   * too.
   *
   * @param mode the mode of the descriptor from now on
   * @return the descriptor number, which the caller closes
   * @throws java.nio.channels.ClosedChannelException if this pipe is closed
   * @throws IOException EMFILE for a pipe at its end of file, if this JVM has too many open
   *     descriptors
   * @throws IllegalStateException while a thread reads or a subscription uses this pipe, if bytes
   *     were read ahead and not returned, or if this is one direction of a {@link ChildSocket},
   *     which has a method for both; this pipe remains as it was
   */
  public abstract int detach(IoMode mode) throws IOException;

  @Override
  public abstract void close() throws IOException;
}
