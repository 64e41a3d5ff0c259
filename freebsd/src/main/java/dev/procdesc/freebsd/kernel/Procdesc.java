package dev.procdesc.freebsd.kernel;

import dev.procdesc.posix.ffi.Descriptors;
import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.io.Threads;
import java.util.function.BooleanSupplier;
import java.util.function.IntSupplier;

/** Calls on a process descriptor that are used by more than one part of the backend. */
public final class Procdesc {
  /** The place of the status that {@link #tryWait} stores. */
  public static final int STATUS = 0;

  /** The place of the resource usage that {@link #tryWait} stores. */
  public static final int USAGE = Long.BYTES;

  /**
   * The number of attempts to reap a zombie that the kernel is still creating after it has reported
   * the exit.
   */
  private static final int ATTEMPTS = 100;

  private static final long ATTEMPT_NANOS = 100_000;

  private Procdesc() {}

  /** A process that is waited for; not two lambdas, because this is part of a first spawn. */
  private record Reaped(int fd, NativeMemory memory, boolean pdwait)
      implements IntSupplier, BooleanSupplier {
    @Override
    public int getAsInt() {
      return tryWait(fd, Numbers.WEXITED, memory, pdwait);
    }

    @Override
    public boolean getAsBoolean() {
      return hasEnded(fd);
    }
  }

  /**
   * Waits by {@code pdwait}, or by {@code wait6} and the process's ID, without blocking. If there
   * is a change, its status and the resource usage are stored in the memory.
   *
   * @param changes the kinds of changes to take
   * @return 1 if there is a change, 0 if there is none, or {@code -errno}
   */
  public static int tryWait(int fd, int changes, NativeMemory memory, boolean pdwait) {
    long status = memory.address() + STATUS;
    long usage = memory.address() + USAGE;
    int options = changes | Numbers.WNOHANG;
    if (pdwait) {
      int outcome = Syscalls.pdwait(fd, status, options, usage, 0);
      // Unlike wait6, pdwait reports the absence of a change as an error.
      return outcome == 0 ? 1 : outcome == -Numbers.POSIX.eagain() ? 0 : outcome;
    }
    int outcome = Syscalls.pdgetpid(fd, status);
    if (outcome < 0) {
      return outcome;
    }
    int pid = memory.bytes().getInt(STATUS);
    return Math.min(1, Syscalls.wait6(Numbers.P_PID, pid, status, options, usage, 0));
  }

  /**
   * Reaps the process if it has ended, and stores the results of {@link #tryWait}.
   *
   * @return 1 if it was reaped; 0 if it is running; ESRCH from pdwait and ECHILD from wait6, both
   *     negative, if other code was faster or this process is not the parent; EAGAIN, negative, if
   *     it has ended and another process, such as a debugger, holds the zombie
   */
  public static int reap(int fd, NativeMemory memory, boolean pdwait) {
    Reaped reaped = new Reaped(fd, memory, pdwait);
    return reap(reaped, reaped);
  }

  /** Repeats a wait while it reports no change although the process has ended. */
  static int reap(IntSupplier wait, BooleanSupplier hasEnded) {
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      int outcome = wait.getAsInt();
      if (outcome != 0 || !hasEnded.getAsBoolean()) {
        return outcome;
      }
      Threads.pause(ATTEMPT_NANOS);
    }
    return -Numbers.POSIX.eagain();
  }

  /** Waits for a child that is about to end because its script failed, and reaps it. */
  public static void reap(int fd, boolean pdwait) {
    awaitEnd(fd);
    try (NativeMemory memory = NativeMemory.borrow()) {
      reap(fd, memory, pdwait);
    }
  }

  /** Waits until a process has ended. */
  public static void awaitEnd(int fd) {
    int outcome;
    do {
      outcome = Descriptors.poll(fd, 0, -1);
    } while (outcome == -PosixNumbers.EINTR);
  }

  /**
   * Returns whether the process has ended. Without CAP_EVENT, poll reports POLLNVAL, and the holder
   * of the descriptor has no right to know.
   */
  public static boolean hasEnded(int fd) {
    int events = Descriptors.poll(fd, 0, 0);
    return events > 0 && (events & PosixNumbers.POLLHUP) != 0;
  }

  /**
   * Returns whether the process has not ended. Without CAP_EVENT that is unknown, and the result is
   * false.
   */
  public static boolean isRunning(int fd) {
    return Descriptors.poll(fd, 0, 0) == 0;
  }
}
