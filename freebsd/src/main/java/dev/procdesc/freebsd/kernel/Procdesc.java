package dev.procdesc.freebsd.kernel;

import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.ffi.PosixNumbers;
import java.util.concurrent.locks.LockSupport;

/** Calls on a process descriptor that more than one part of the backend makes. */
public final class Procdesc {
  /** Looks for a zombie that the kernel is just making, after it has told of the exit. */
  private static final int LOOKS = 100;

  private static final long LOOK_NANOS = 100_000;

  private Procdesc() {}

  /**
   * Takes the zombie away, if that is ours to do. The resource usage is behind the status then.
   *
   * @return whether it was
   */
  public static boolean reap(int fd, NativeMemory memory, boolean pdwait) {
    long status = memory.address();
    long usage = status + Long.BYTES;
    int options = Numbers.WEXITED | Numbers.WNOHANG;
    if (pdwait) {
      memory.bytes().putInt(0, -1);
      // A pdwait that has nothing to tell leaves the status alone.
      for (int look = 0; look < LOOKS; look++) {
        int outcome = Syscalls.pdwait(fd, status, options, usage, 0);
        if (outcome < 0) {
          // ESRCH: somebody else was faster; ECHILD, ENOTCAPABLE: it is not ours.
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
        // ECHILD: somebody else was faster, or it is not our child. ECAPMODE: no wait call works in
        // capability mode; the close of the descriptor reaps there.
        return outcome == pid;
      }
      LockSupport.parkNanos(LOOK_NANOS);
    }
    return false;
  }

  /** Waits for a child that is about to end because its script failed. */
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
