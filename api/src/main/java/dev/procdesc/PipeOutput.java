package dev.procdesc;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.InterruptibleChannel;
import java.nio.channels.WritableByteChannel;

/**
 * The parent's end of a pipe that a child reads: a stream and an interruptible channel. Nothing is
 * buffered: every write is a system call, and what was written is in the pipe. Wrap it in a
 * {@link java.io.BufferedOutputStream} for many small writes.
 *
 * <p>A virtual thread that writes to a full pipe parks without holding its carrier.
 * {@link #close()} from another thread ends a write with
 * {@link java.nio.channels.AsynchronousCloseException}; an interrupt closes the pipe and ends it
 * with {@link java.nio.channels.ClosedByInterruptException}. A pipe without a reader is an
 * {@link IOException} (EPIPE); the JVM never gets {@code SIGPIPE}, which HotSpot catches.
 *
 * <p>Writes from several threads are serialized; each is whole.
 */
public abstract class PipeOutput extends OutputStream
    implements WritableByteChannel, InterruptibleChannel {
  /** For implementations. */
  protected PipeOutput() {}

  @Override
  public abstract void close() throws IOException;
}
