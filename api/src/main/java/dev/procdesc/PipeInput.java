package dev.procdesc;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.InterruptibleChannel;
import java.nio.channels.ReadableByteChannel;
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

  @Override
  public abstract void close() throws IOException;
}
