package dev.procdesc.compat.support;

import jnr.constants.platform.Errno;

/** The permission of this process to start siblings, by {@code clone} with CLONE_PARENT. */
public final class CloneParent {
  private static final long CLONE_PIDFD = 0x1000;
  private static final long CLONE_PARENT = 0x8000;
  private static final long SIGCHLD = 17;

  private CloneParent() {}

  /** Returns whether clone does not refuse it; no process is created. */
  public static boolean isAllowed() {
    // The place for the pidfd is not writable, which the kernel notices last.
    long result =
        Syscall.call(Syscall.number(56, 220), CLONE_PARENT | CLONE_PIDFD | SIGCHLD, 0, 8, 0, 0);
    if (result != -1 || (Libc.errno() != Errno.EFAULT && Libc.errno() != Errno.EINVAL)) {
      throw new AssertionError("clone: " + result + " " + Libc.errno());
    }
    return Libc.errno() == Errno.EFAULT;
  }
}
