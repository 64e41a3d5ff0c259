package dev.procdesc.compat.support;

import dev.procdesc.Signal;
import dev.procdesc.compat.MissingCondition;
import jnr.constants.platform.Errno;

/** What the tests of sudden death need of the system beyond {@link Libc}. */
public final class KillCalls {
  /** Of every architecture. */
  private static final int SYS_PIDFD_SEND_SIGNAL = 424;

  private static final int SYS_PIDFD_OPEN = 434;

  private KillCalls() {}

  /** The system call, for the few that the C library of an old system lacks. */
  public interface LinuxFunctions {
    /** {@code long syscall(long, …)}. */
    long syscall(long number, long a, long b, long c, long d);
  }

  private static LinuxFunctions linux() {
    if (!System.getProperty("os.name").equals("Linux")) {
      throw new MissingCondition("pidfd_open");
    }
    return Libc.load(LinuxFunctions.class);
  }

  /** A descriptor, close-on-exec, of any process: it becomes readable when the process ends. */
  public static int pidfdOpen(long pid) {
    return (int) Libc.checkLong(() -> linux().syscall(SYS_PIDFD_OPEN, pid, 0, 0, 0));
  }

  /**
   * Signals the process of a descriptor.
   *
   * @return whether it was there
   */
  public static boolean pidfdSignal(int pidfd, Signal signal) {
    if (linux().syscall(SYS_PIDFD_SEND_SIGNAL, pidfd, signal.number(), 0, 0) == 0) {
      return true;
    }
    if (Libc.errno() != Errno.ESRCH) {
      throw new AssertionError("pidfd_send_signal: " + Libc.errno());
    }
    return false;
  }
}
