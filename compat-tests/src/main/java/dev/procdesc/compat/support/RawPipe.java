package dev.procdesc.compat.support;

import dev.procdesc.Stdio;
import java.nio.charset.StandardCharsets;

/**
 * A pipe that is not the library's. It shows, without any PID, whether a child is alive: the child
 * holds the writing end as long as it lives, and its death is the end of file.
 */
public final class RawPipe implements AutoCloseable {
  private final int read;
  private int write;

  private RawPipe(int read, int write) {
    this.read = read;
    this.write = write;
  }

  /** Opens a pipe whose ends are close-on-exec. */
  public static RawPipe open() {
    int[] ends = new int[2];
    Libc.check(() -> Libc.C.pipe(ends));
    Descriptors.setCloseOnExec(ends[0], true);
    Descriptors.setCloseOnExec(ends[1], true);
    return new RawPipe(ends[0], ends[1]);
  }

  /** Returns the writing end, for a child. */
  public Stdio writer() {
    return Stdio.descriptor(write);
  }

  /** Returns the number of the reading end. */
  public int readEnd() {
    return read;
  }

  /** Returns the number of the writing end. */
  public int writeEnd() {
    return write;
  }

  /** Closes the writing end here, which only the child holds from now on. */
  public void given() {
    Descriptors.close(write);
    write = -1;
  }

  /** Writes a text. */
  public void write(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    Libc.checkLong(() -> Libc.C.write(write, bytes, bytes.length));
  }

  /** Returns whether a process holds the writing end, and the pipe is empty. */
  public boolean isHeld() {
    return Poll.now(read) == 0;
  }

  /** Waits until no process holds the writing end, and fails if that does not happen. */
  public void awaitEnd() {
    byte[] buffer = new byte[4096];
    do {
      Poll.readable(read);
    } while (Libc.checkLong(() -> Libc.C.read(read, buffer, buffer.length)) > 0);
  }

  /** Reads a line, and fails if it does not come. */
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
