package dev.procdesc.compat.support;

import dev.procdesc.compat.Requires;
import java.nio.file.Path;

/**
 * A write lease on a file (Linux): every open of the file, also that of exec, waits until the lease
 * is given up, or for 45 seconds.
 */
public final class FileLease implements AutoCloseable {
  // From linux/fcntl.h and asm-generic/fcntl.h.
  private static final int F_SETLEASE = 1024;
  private static final int F_WRLCK = 1;
  private static final int F_SETSIG = 10;

  /** The signal that announces an open; its default action is none, unlike that of SIGIO. */
  private static final int SIGURG = 23;

  private final int fd;

  private FileLease(int fd) {
    this.fd = fd;
  }

  /** Takes a lease on a file that this user owns and that is not open. */
  public static FileLease on(Path file) {
    int fd = Descriptors.open(file);
    boolean taken =
        Libc.C.fcntl(fd, F_SETSIG, SIGURG) == 0 && Libc.C.fcntl(fd, F_SETLEASE, F_WRLCK) == 0;
    if (!taken) {
      Descriptors.close(fd);
    }
    Requires.that(taken, "a lease on a temporary file (fcntl F_SETLEASE)");
    return new FileLease(fd);
  }

  @Override
  public void close() {
    Descriptors.close(fd);
  }
}
