package dev.procdesc.compat.support;

import dev.procdesc.Signal;
import dev.procdesc.compat.Requires;
import jnr.constants.platform.Errno;

/**
 * A pidfd of any process, opened with system calls of the tests' own. It tells, without the
 * library, whether the process has exited.
 */
public final class Pidfd implements AutoCloseable {
  private static final int PIDFD_SEND_SIGNAL = 424;
  private static final int PIDFD_OPEN = 434;

  private static final int PIDFD_THREAD = 0x80;

  private final int fd;

  private Pidfd(int fd) {
    this.fd = fd;
  }

  /** Opens a close-on-exec descriptor of a process; skips the test on systems without pidfds. */
  public static Pidfd open(long pid) {
    return new Pidfd((int) Libc.checkLong(() -> Syscall.call(Syscall.number(PIDFD_OPEN), pid, 0)));
  }

  /**
   * Opens a close-on-exec descriptor of a single thread, which the caller closes; skips the test
   * where there are none.
   */
  public static int ofThread(long id) {
    long fd = Syscall.call(Syscall.number(PIDFD_OPEN), id, PIDFD_THREAD);
    Requires.that(fd >= 0, "descriptors of threads (Linux 6.9)");
    return (int) fd;
  }

  /** Returns the number, which the caller may duplicate. */
  public int fd() {
    return fd;
  }

  /** Sends a signal to the process, and returns whether the process still existed. */
  public boolean signal(Signal signal) {
    if (Syscall.call(Syscall.number(PIDFD_SEND_SIGNAL), fd, signal.number(), 0, 0) == 0) {
      return true;
    }
    if (Libc.errno() != Errno.ESRCH) {
      throw new AssertionError("pidfd_send_signal: " + Libc.errno());
    }
    return false;
  }

  /** Returns whether the process has not exited yet. */
  public boolean isAlive() {
    return Poll.now(fd) == 0;
  }

  /** Waits until the process has exited. */
  public void awaitEnd() {
    Poll.readable(fd);
  }

  @Override
  public void close() {
    Descriptors.close(fd);
  }
}
