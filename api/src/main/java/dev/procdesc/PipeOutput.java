package dev.procdesc;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.InterruptibleChannel;
import java.nio.channels.WritableByteChannel;

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

  @Override
  public abstract void close() throws IOException;
}
