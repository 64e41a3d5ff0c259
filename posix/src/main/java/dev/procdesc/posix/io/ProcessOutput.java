package dev.procdesc.posix.io;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.Objects;

/** A pipe as the streams of {@link Process} are; see {@link ProcessInput}. */
final class ProcessOutput extends OutputStream {
  private final PipeOutputImpl pipe;

  ProcessOutput(PipeOutputImpl pipe) {
    this.pipe = pipe;
  }

  @Override
  public void write(int value) throws IOException {
    write(new byte[] {(byte) value}, 0, 1);
  }

  @Override
  public void write(byte[] source, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, source.length);
    try {
      if (length == 0) {
        pipe.end().checkOpen();
      } else {
        pipe.write(ByteBuffer.wrap(source, offset, length), Interrupts.IGNORE);
      }
    } catch (ClosedChannelException e) {
      throw ProcessInput.closed(e);
    }
  }

  @Override
  public void close() {
    pipe.close();
  }

  @Override
  public String toString() {
    return pipe.toString();
  }
}
