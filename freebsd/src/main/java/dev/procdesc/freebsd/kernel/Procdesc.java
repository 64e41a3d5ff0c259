package dev.procdesc.freebsd.kernel;

import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.ffi.PosixNumbers;
import java.util.concurrent.locks.LockSupport;

/** Calls on a process descriptor that are used by more than one part of the backend. */
public final class Procdesc {
  /**
   * The number of attempts to reap a zombie that the kernel is still creating after it has reported
   * the exit.
   */
  private static final int LOOKS = 100;

  private static final long LOOK_NANOS = 100_000;

  private Procdesc() {}

  /**
   * Reaps the zombie, if this process may do so. The resource usage is then stored behind the
   * status.
   *
   * @return whether it was reaped
   */
  public static boolean reap(int fd, NativeMemory memory, boolean pdwait) {
    long status = memory.address();
    long usage = status + Long.BYTES;
    int options = Numbers.WEXITED | Numbers.WNOHANG;
    if (pdwait) {
      memory.bytes().putInt(0, -1);
      // A pdwait without a result does not change the status.
      for (int look = 0; look < LOOKS; look++) {
        int outcome = Syscalls.pdwait(fd, status, options, usage, 0);
        if (outcome < 0) {
          // ESRCH: another thread or process reaped it first; ECHILD, ENOTCAPABLE: this process may
          // not reap it.
          return false;
        }
        if (memory.bytes().getInt(0) != -1) {
          return true;
        }
        LockSupport.parkNanos(LOOK_NANOS);
      }
      return false;
    }
    if (Syscalls.pdgetpid(fd, status) < 0) {
      return false;
    }
    int pid = memory.bytes().getInt(0);
    for (int look = 0; look < LOOKS; look++) {
      int outcome = Syscalls.wait6(Numbers.P_PID, pid, status, options, usage, 0);
      if (outcome != 0) {
        // ECHILD: other code reaped it first, or it is not a child of this process. ECAPMODE: no
        // wait call works in capability mode, where the close of the descriptor reaps.
        return outcome == pid;
      }
      LockSupport.parkNanos(LOOK_NANOS);
    }
    return false;
  }

  /** Waits for a child that is about to end because its script failed, and reaps it. */
  public static void reap(int fd, boolean pdwait) {
    try (NativeMemory memory = NativeMemory.borrow()) {
      int outcome;
      do {
        memory.bytes().putInt(0, fd).putInt(4, 0);
        outcome = LibC.poll(memory.address(), 1, -1);
      } while (outcome == -PosixNumbers.EINTR);
      reap(fd, memory, pdwait);
    }
  }
}
