package dev.procdesc.posix.io;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.Objects;

/**
 * A pipe as the streams of {@link Process} are: an interrupt has no effect, and an exception after
 * the close has the message of the JDK's streams.
 */
final class ProcessInput extends InputStream {
  private final PipeInputImpl pipe;

  ProcessInput(PipeInputImpl pipe) {
    this.pipe = pipe;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, target.length);
    try {
      if (length == 0) {
        pipe.end().checkOpen();
        return 0;
      }
      return pipe.read(ByteBuffer.wrap(target, offset, length), Interrupts.IGNORE);
    } catch (ClosedChannelException e) {
      throw closed(e);
    }
  }

  @Override
  public int available() throws IOException {
    try {
      return pipe.available();
    } catch (ClosedChannelException e) {
      throw closed(e);
    }
  }

  static IOException closed(ClosedChannelException cause) {
    return new IOException("Stream closed", cause);
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
