package dev.procdesc.linux;

import dev.procdesc.ExitStatus;
import dev.procdesc.Feature;
import dev.procdesc.ResourceUsage;
import dev.procdesc.Signal;
import dev.procdesc.StateChange;
import dev.procdesc.posix.Errors;
import dev.procdesc.posix.LibC;
import dev.procdesc.posix.NativeMemory;
import dev.procdesc.posix.OwnedDescriptor;
import dev.procdesc.posix.PosixNumbers;
import dev.procdesc.posix.ProcessCalls;
import dev.procdesc.posix.Threads;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * How processes end. The status comes from {@code waitid(P_PIDFD)}, which reaps; where that says
 * "no child", because the kernel reaps by itself, other code was faster, or we are not the parent,
 * from {@code PIDFD_GET_INFO}; where the kernel does not have that either, it is unknown.
 *
 * <p>{@code __WALL} always: a child that has not executed its program yet has the exit signal 0,
 * and waitid would not see it otherwise.
 */
final class Waiting implements ProcessCalls {
  private final Kernel kernel;
  private final boolean wantUsage;

  /** Waiting for children whose resource usage is wanted, or not. */
  Waiting(Kernel kernel, boolean wantUsage) {
    this.kernel = kernel;
    this.wantUsage = wantUsage;
  }

  @Override
  public Outcome collect(int fd) {
    try (NativeMemory memory = NativeMemory.borrow()) {
      ByteBuffer bytes = memory.bytes();
      bytes.putInt(Numbers.SIGINFO_PID, 0);
      int outcome = Calls.waitid(
          Numbers.P_PIDFD,
          fd,
          memory.address(),
          Numbers.WEXITED | Numbers.WNOHANG | Numbers.WALL,
          wantUsage ? memory.address() + Numbers.SIGINFO_SIZE : 0);
      if (outcome == 0) {
        return bytes.getInt(Numbers.SIGINFO_PID) == 0
            ? new Outcome.Running()
            : new Outcome.Ended(
                status(bytes.getInt(Numbers.SIGINFO_CODE), bytes.getInt(Numbers.SIGINFO_STATUS)),
                wantUsage ? Optional.of(usage(bytes)) : Optional.empty());
      }
      if (outcome == -Numbers.ECHILD) {
        return notOurs(fd, memory);
      }
      throw new IllegalStateException("waitid: " + Errors.describe(-outcome));
    }
  }

  /** What the kernel tells one who cannot reap. */
  private Outcome notOurs(int fd, NativeMemory memory) {
    ByteBuffer bytes = memory.bytes();
    if (kernel.hasExitInfo()) {
      bytes.putLong(Numbers.PIDFD_INFO_MASK, Numbers.PIDFD_INFO_EXIT);
      int outcome = Calls.ioctl(fd, Numbers.PIDFD_GET_INFO, memory.address());
      if (outcome >= 0 && (bytes.getLong(Numbers.PIDFD_INFO_MASK) & Numbers.PIDFD_INFO_EXIT) != 0) {
        return new Outcome.Ended(
            waitStatus(bytes.getInt(Numbers.PIDFD_INFO_EXIT_CODE)), Optional.empty());
      }
    }
    bytes.putInt(0, fd).putInt(4, PosixNumbers.POLLIN);
    if (LibC.poll(memory.address(), 1, 0) <= 0) {
      return new Outcome.Running();
    }
    if (kernel.hasExitInfo()) {
      return new Outcome.Unreaped();
    }
    return new Outcome.Ended(
        new ExitStatus.Unknown(
            "other code reaped the process, or it is another process's child, and this kernel"
                + " does not tell then (Linux 6.15 does)"),
        Optional.empty());
  }

  /** A status in the form of siginfo. */
  private static ExitStatus status(int code, int value) {
    return switch (code) {
      case Numbers.CLD_EXITED -> new ExitStatus.Exited(value & 0xFF);
      case Numbers.CLD_KILLED -> new ExitStatus.Signaled(Signals.of(value), false);
      case Numbers.CLD_DUMPED -> new ExitStatus.Signaled(Signals.of(value), true);
      default -> throw new IllegalStateException("waitid: si_code " + code + " is no end");
    };
  }

  /** A status in the form of wait(2). */
  static ExitStatus waitStatus(int status) {
    int signal = status & 0x7F;
    return signal == 0
        ? new ExitStatus.Exited((status >> 8) & 0xFF)
        : new ExitStatus.Signaled(Signals.of(signal), (status & 0x80) != 0);
  }

  private static ResourceUsage usage(ByteBuffer bytes) {
    int at = Numbers.SIGINFO_SIZE;
    return new ResourceUsage(
        time(bytes, at + Numbers.RUSAGE_UTIME),
        time(bytes, at + Numbers.RUSAGE_STIME),
        bytes.getLong(at + Numbers.RUSAGE_MAXRSS) * 1024,
        bytes.getLong(at + Numbers.RUSAGE_MINFLT),
        bytes.getLong(at + Numbers.RUSAGE_MAJFLT),
        bytes.getLong(at + Numbers.RUSAGE_INBLOCK),
        bytes.getLong(at + Numbers.RUSAGE_OUBLOCK),
        bytes.getLong(at + Numbers.RUSAGE_NVCSW),
        bytes.getLong(at + Numbers.RUSAGE_NIVCSW));
  }

  private static Duration time(ByteBuffer bytes, int at) {
    return Duration.ofSeconds(bytes.getLong(at), bytes.getLong(at + Long.BYTES) * 1000);
  }

  /** Waits for a child that is about to end because its script failed. */
  static void reap(int fd) {
    int outcome;
    do {
      outcome = Calls.waitid(Numbers.P_PIDFD, fd, 0, Numbers.WEXITED | Numbers.WALL, 0);
    } while (outcome == -PosixNumbers.EINTR);
    // ECHILD: other code in this JVM was faster. Either way it is gone.
  }

  @Override
  public int signal(int fd, int number) {
    return Calls.pidfdSendSignal(fd, number, 0, 0);
  }

  @Override
  public int signalGroup(int fd, int number) {
    if (!kernel.hasGroupSignal()) {
      throw LinuxBackend.unsupported(Feature.SIGNAL_GROUP, kernel.groupSignal().lacks());
    }
    return Calls.pidfdSendSignal(fd, number, 0, Numbers.PIDFD_SIGNAL_PROCESS_GROUP);
  }

  @Override
  public int signalNumber(Signal signal) {
    return Signals.number(signal);
  }

  @Override
  public PosixNumbers numbers() {
    return Numbers.POSIX;
  }

  @Override
  public void watchStateChanges(
      OwnedDescriptor descriptor, Consumer<? super StateChange> listener) {
    int fd = descriptor.acquire();
    try {
      Threads.startDaemon("procdesc-state-changes", () -> {
        try {
          listen(fd, listener);
        } finally {
          descriptor.release();
        }
      });
    } catch (OutOfMemoryError e) {
      descriptor.release();
      throw e;
    }
  }

  /** Blocks in the kernel from change to change, until the process ends. */
  private static void listen(int fd, Consumer<? super StateChange> listener) {
    int changes = Numbers.WSTOPPED | Numbers.WCONTINUED | Numbers.WALL;
    try (NativeMemory memory = NativeMemory.borrow()) {
      while (true) {
        // A look that leaves everything as it is, so that an exit stays for whoever collects it.
        int outcome = Calls.waitid(
            Numbers.P_PIDFD, fd, memory.address(), changes | Numbers.WEXITED | Numbers.WNOWAIT, 0);
        if (outcome == -PosixNumbers.EINTR) {
          continue;
        }
        int code = memory.bytes().getInt(Numbers.SIGINFO_CODE);
        if (outcome < 0 || (code != Numbers.CLD_STOPPED && code != Numbers.CLD_CONTINUED)) {
          return;
        }
        memory.bytes().putInt(Numbers.SIGINFO_PID, 0);
        outcome = Calls.waitid(Numbers.P_PIDFD, fd, memory.address(), changes | Numbers.WNOHANG, 0);
        if (outcome == 0 && memory.bytes().getInt(Numbers.SIGINFO_PID) != 0) {
          listener.accept(change(
              memory.bytes().getInt(Numbers.SIGINFO_CODE),
              memory.bytes().getInt(Numbers.SIGINFO_STATUS)));
        }
      }
    }
  }

  private static StateChange change(int code, int signal) {
    return code == Numbers.CLD_CONTINUED
        ? new StateChange.Continued()
        : new StateChange.Stopped(Signals.of(signal));
  }
}
