package dev.procdesc.compat.support;

import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.procdesc.compat.Timeouts;
import java.time.Duration;
import jnr.constants.platform.Errno;
import jnr.ffi.Pointer;

/** {@code poll(2)}, as a host program would use it on a raw descriptor. */
public final class Poll {
  /** Readable, the same everywhere. */
  public static final int POLLIN = 0x1;

  /** Writable, the same everywhere. */
  public static final int POLLOUT = 0x4;

  /** Hung up, the same everywhere. */
  public static final int POLLHUP = 0x10;

  /** Not open, the same everywhere. */
  public static final int POLLNVAL = 0x20;

  private Poll() {}

  /** The events that are there now, of reading. */
  public static int now(int fd) {
    return poll(fd, POLLIN, Duration.ZERO);
  }

  /** Waits until there is something to read, or the end. */
  public static int readable(int fd) {
    int events = poll(fd, POLLIN, Timeouts.CEILING);
    assertNotEquals(0, events, "nothing came to descriptor " + fd);
    return events;
  }

  /** The events of a descriptor, waited for. */
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
