package dev.procdesc.compat.support;

import dev.procdesc.Stdio;
import java.nio.charset.StandardCharsets;

/**
 * A pipe that only the test and the child know: the library never sees the reading end. So it
 * tells, from outside and without any PID, whether the child is there: as long as the child lives
 * it holds the writing end, and at its death comes the end of file.
 */
public final class RawPipe implements AutoCloseable {
  private final int read;
  private int write;

  private RawPipe(int read, int write) {
    this.read = read;
    this.write = write;
  }

  /** A new one, close-on-exec. */
  public static RawPipe open() {
    int[] ends = new int[2];
    Libc.check(() -> Libc.C.pipe(ends));
    Descriptors.setCloseOnExec(ends[0], true);
    Descriptors.setCloseOnExec(ends[1], true);
    return new RawPipe(ends[0], ends[1]);
  }

  /** The writing end, for a child. */
  public Stdio writer() {
    return Stdio.descriptor(write);
  }

  /** The number of the reading end. */
  public int readEnd() {
    return read;
  }

  /** The number of the writing end. */
  public int writeEnd() {
    return write;
  }

  /** Closes the writing end here: from now on it is the child's alone. */
  public void given() {
    Descriptors.close(write);
    write = -1;
  }

  /** Writes into the pipe. */
  public void write(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    Libc.checkLong(() -> Libc.C.write(write, bytes, bytes.length));
  }

  /** Whether somebody holds the writing end, and has written nothing. */
  public boolean isHeld() {
    return Poll.now(read) == 0;
  }

  /** Waits until nobody holds the writing end any more, and fails if that does not come. */
  public void awaitEnd() {
    byte[] buffer = new byte[4096];
    do {
      Poll.readable(read);
    } while (Libc.checkLong(() -> Libc.C.read(read, buffer, buffer.length)) > 0);
  }

  /** Waits for a line, and fails if it does not come. */
  public String line() {
    StringBuilder line = new StringBuilder();
    byte[] buffer = new byte[1];
    while (true) {
      Poll.readable(read);
      if (Libc.checkLong(() -> Libc.C.read(read, buffer, 1)) == 0 || buffer[0] == '\n') {
        return line.toString();
      }
      line.append((char) buffer[0]);
    }
  }

  @Override
  public void close() {
    Descriptors.close(read);
    if (write != -1) {
      given();
    }
  }
}
