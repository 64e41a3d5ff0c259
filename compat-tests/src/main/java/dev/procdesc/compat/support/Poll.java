package dev.procdesc.compat.support;

import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.procdesc.compat.Differences;
import dev.procdesc.testing.Timeouts;
import java.time.Duration;
import jnr.constants.platform.Errno;
import jnr.ffi.Pointer;

/** The {@code poll(2)} system call, as a host program would use it on a raw descriptor. */
public final class Poll {
  /** The event of readable data, the same on every system. */
  public static final int POLLIN = 0x1;

  /** The event of space to write, the same on every system. */
  public static final int POLLOUT = 0x4;

  /** The event of a hang-up, the same on every system. */
  public static final int POLLHUP = 0x10;

  /** The event of a descriptor that is not open, the same on every system. */
  public static final int POLLNVAL = 0x20;

  private Poll() {}

  /** Returns the present events, without waiting. */
  public static int now(int fd) {
    return poll(fd, POLLIN, Duration.ZERO);
  }

  /** Waits for an event, and fails if none comes; returns the events. */
  public static int readable(int fd) {
    int events = poll(fd, POLLIN, Timeouts.CEILING);
    assertNotEquals(0, events, "no event of descriptor " + fd);
    return events;
  }

  /**
   * Waits until the exit status of the child of a raw descriptor can be collected, and fails if
   * that does not come.
   */
  public static void exit(int fd) {
    int events = poll(fd, Differences.pollRequestForExit(), Timeouts.CEILING);
    assertNotEquals(0, events, "no exit of the process of descriptor " + fd);
  }

  /**
   * Waits in one call for an event of either descriptor, and fails if none comes. Returns whether
   * the other one has an event.
   */
  public static boolean either(int fd, int other) {
    Pointer pollfds = Libc.RUNTIME.getMemoryManager().allocateDirect(16);
    pollfds.putInt(0, fd);
    pollfds.putShort(4, (short) POLLIN);
    pollfds.putInt(8, other);
    pollfds.putShort(12, (short) POLLIN);
    int millis = (int) Timeouts.CEILING.toMillis();
    assertNotEquals(0, Libc.check(() -> Libc.C.poll(pollfds, 2, millis)), "no event");
    return pollfds.getShort(14) != 0;
  }

  /** Waits for events of a descriptor up to a timeout; returns them, or 0 after the timeout. */
  public static int poll(int fd, int events, Duration timeout) {
    long deadline = System.nanoTime() + timeout.toNanos();
    Pointer pollfd = Libc.RUNTIME.getMemoryManager().allocateDirect(8);
    while (true) {
      pollfd.putInt(0, fd);
      pollfd.putShort(4, (short) events);
      pollfd.putShort(6, (short) 0);
      long millis = Math.max(0, (deadline - System.nanoTime() + 999_999) / 1_000_000);
      int ready = Libc.C.poll(pollfd, 1, (int) millis);
      if (ready >= 0) {
        return pollfd.getShort(6);
      }
      if (Libc.errno() != Errno.EINTR) {
        throw new AssertionError("poll: " + Libc.errno());
      }
    }
  }
}
