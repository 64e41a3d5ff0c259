package dev.procdesc;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.InterruptibleChannel;
import java.nio.channels.ReadableByteChannel;

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

  @Override
  public abstract void close() throws IOException;
}
