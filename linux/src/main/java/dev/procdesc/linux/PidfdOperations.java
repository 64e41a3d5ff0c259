package dev.procdesc.linux;

import dev.procdesc.ExitStatus;
import dev.procdesc.Feature;
import dev.procdesc.LastClose;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.ProcessInfo;
import dev.procdesc.StateChange;
import dev.procdesc.linux.kernel.Numbers;
import dev.procdesc.linux.kernel.Pidfd;
import dev.procdesc.linux.kernel.Probes;
import dev.procdesc.linux.kernel.Signals;
import dev.procdesc.linux.kernel.Syscalls;
import dev.procdesc.posix.ffi.Descriptors;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.io.OwnedDescriptor;
import dev.procdesc.posix.io.Threads;
import dev.procdesc.posix.probe.Unsupported;
import dev.procdesc.posix.process.ProcessOperations;
import dev.procdesc.posix.process.WaitStatus;
import dev.procdesc.spi.Since;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.IntConsumer;

/**
 * Collects the exit status of processes and signals them. The status comes from
 * {@code waitid(P_PIDFD)}, which reaps. If that fails with ECHILD, because the kernel reaps
 * automatically, other code was faster, or this JVM is not the parent, it comes from
 * {@code PIDFD_GET_INFO}. Where the kernel does not have that either, it is unknown.
 *
 * <p>A pidfd polls readable from the exit on. If {@code waitid} does not return the status of such
 * a child, a tracer of it (strace, a debugger) has yet to reap it: the kernel lets the parent do so
 * only afterwards.
 *
 * <p>{@code __WALL} is always used: a child that has not executed its program yet has the exit
 * signal 0, and waitid would otherwise not see it.
 */
public final class PidfdOperations extends ProcessOperations {
  private static final String OTHER_NAMESPACE = "another PID namespace";

  private static final int STATE_CHANGES = Numbers.WSTOPPED | Numbers.WCONTINUED | Numbers.WALL;

  private final Probes probes;

  public PidfdOperations(Probes probes, Task task) {
    super(task, Signals.SIGNALS);
    this.probes = probes;
  }

  @Override
  public Outcome collect(int fd) {
    int events = Descriptors.poll(fd, PosixNumbers.POLLIN, 0);
    if (events <= 0) {
      return new Outcome.Running(); // A negative number is EINTR, which excludes an event.
    }
    try (NativeMemory memory = NativeMemory.borrow()) {
      int outcome = waitid(fd, memory);
      if (outcome == 0) {
        return hasStatus(memory) ? ended(memory) : new Outcome.Unreaped();
      }
      if (outcome == -Numbers.ECHILD) {
        return notOurs(fd, events, memory);
      }
      throw new IllegalStateException("waitid: " + Errors.describe(-outcome));
    }
  }

  @Override
  public Outcome collectEnded(int fd) {
    try (NativeMemory memory = NativeMemory.borrow()) {
      if (waitid(fd, memory) == 0 && hasStatus(memory)) {
        return ended(memory);
      }
    }
    return collect(fd);
  }

  /** Takes the status of a process that has ended, and reaps it if that is the task. */
  private int waitid(int fd, NativeMemory memory) {
    memory.bytes().putInt(Numbers.SIGINFO_PID, 0);
    return Syscalls.waitid(
        Numbers.P_PIDFD,
        fd,
        memory.address(),
        Numbers.WEXITED | Numbers.WNOHANG | Numbers.WALL | (reaps() ? 0 : Numbers.WNOWAIT),
        collectsUsage() ? memory.address() + Numbers.SIGINFO_SIZE : 0);
  }

  private static boolean hasStatus(NativeMemory memory) {
    return memory.bytes().getInt(Numbers.SIGINFO_PID) != 0;
  }

  private Outcome ended(NativeMemory memory) {
    ByteBuffer bytes = memory.bytes();
    return new Outcome.Ended(
        status(bytes.getInt(Numbers.SIGINFO_CODE), bytes.getInt(Numbers.SIGINFO_STATUS)),
        collectsUsage()
            ? Optional.of(WaitStatus.usage(bytes, Numbers.SIGINFO_SIZE))
            : Optional.empty());
  }

  /**
   * Returns the outcome for a process that has ended and that this JVM cannot reap.
   *
   * @param events the events of the pidfd. A reaped process hangs up. That is older than
   *     {@code PIDFD_INFO_EXIT}: it was first seen in Linux 6.12
   */
  private Outcome notOurs(int fd, int events, NativeMemory memory) {
    Optional<Outcome> told = exitInfo(fd, memory);
    if (told.isPresent()) {
      return told.get();
    }
    if (Pidfd.isHidden(fd)) {
      // The status would not be reported after the reap either (ESRCH, from Linux 6.18 EREMOTE).
      return new Outcome.Ended(
          new ExitStatus.Unknown("the process is in "
              + OTHER_NAMESPACE
              + ", to which alone the kernel reports the status"),
          Optional.empty());
    }
    if (!probes.hasExitInfo()) {
      return new Outcome.Ended(
          new ExitStatus.Unknown(
              "other code reaped the process, or it is another process's child, and this kernel"
                  + " does not report the status then (" + Since.PIDFD_INFO_EXIT + " does)"),
          Optional.empty());
    }
    boolean reaped = (events & PosixNumbers.POLLHUP) != 0;
    // The kernel stores the status before it reports the reap.
    return reaped
        ? new Outcome.Ended(
            new ExitStatus.Unknown("this kernel does not report the status of this process"),
            Optional.empty())
        : new Outcome.Unreaped();
  }

  /** Returns the exit status of a reaped process, which the kernel reports to any holder. */
  private Optional<Outcome> exitInfo(int fd, NativeMemory memory) {
    if (!probes.hasExitInfo()) {
      return Optional.empty();
    }
    ByteBuffer bytes = memory.bytes();
    bytes.putLong(Numbers.PIDFD_INFO_MASK, Numbers.PIDFD_INFO_EXIT);
    int outcome = LibC.ioctl(fd, Numbers.PIDFD_GET_INFO, memory.address());
    if (outcome < 0 || (bytes.getLong(Numbers.PIDFD_INFO_MASK) & Numbers.PIDFD_INFO_EXIT) == 0) {
      return Optional.empty();
    }
    return Optional.of(
        new Outcome.Ended(status(bytes.getInt(Numbers.PIDFD_INFO_EXIT_CODE)), Optional.empty()));
  }

  /** Decodes an exit status in the form of siginfo. */
  private static ExitStatus status(int code, int value) {
    return switch (code) {
      case Numbers.CLD_EXITED -> new ExitStatus.Exited(value & 0xFF);
      case Numbers.CLD_KILLED -> new ExitStatus.Signaled(Signals.of(value), false);
      case Numbers.CLD_DUMPED -> new ExitStatus.Signaled(Signals.of(value), true);
      default -> throw new IllegalStateException("waitid: si_code " + code + " is not an exit");
    };
  }

  @Override
  public int signal(int fd, int number) {
    return Syscalls.pidfdSendSignal(fd, number, 0, 0);
  }

  @Override
  public int signalGroup(int fd, int number) {
    if (!probes.hasGroupSignal()) {
      throw Unsupported.feature(Feature.SIGNAL_GROUP, probes.groupSignal().lacks());
    }
    return Syscalls.pidfdSendSignal(fd, number, 0, Numbers.PIDFD_SIGNAL_PROCESS_GROUP);
  }

  @Override
  public Optional<String> hiddenIn(int fd) {
    return Pidfd.isHidden(fd) ? Optional.of(OTHER_NAMESPACE) : Optional.empty();
  }

  @Override
  public boolean isGroupOfZombies(long group) {
    return ProcFs.isGroupOfZombies(group);
  }

  @Override
  public boolean isSame(int fd, int other) throws ProcessDescriptorException {
    if (!probes.hasPidfs()) {
      throw Unsupported.feature(Feature.PROCESS_IDENTITY, probes.pidfs().lacks());
    }
    return Pidfd.inode(fd) == Pidfd.inode(other);
  }

  @Override
  public long inode(int fd) throws ProcessDescriptorException {
    if (!probes.hasPidfs()) {
      throw Unsupported.feature(Feature.UNIQUE_IDENTITY, probes.pidfs().lacks());
    }
    return Pidfd.inode(fd);
  }

  @Override
  public ProcessInfo info(int fd) throws ProcessDescriptorException {
    if (!probes.hasInfo()) {
      throw Unsupported.feature(Feature.PROCESS_INFO, probes.info().lacks());
    }
    try (NativeMemory memory = NativeMemory.borrow()) {
      ByteBuffer bytes = memory.bytes();
      int outcome = Pidfd.info(fd, memory);
      if (outcome < 0) {
        // Before Linux 6.18 the error is ESRCH, as for a process that was reaped.
        boolean hidden = Pidfd.isHidden(fd);
        throw Errors.failed(
            "ioctl(PIDFD_GET_INFO)",
            "a pidfd",
            hidden ? -Numbers.EREMOTE : outcome,
            hidden ? "the process is in " + OTHER_NAMESPACE : "");
      }
      long told = bytes.getLong(Numbers.PIDFD_INFO_MASK);
      int parent = bytes.getInt(Numbers.PIDFD_INFO_PPID);
      return new ProcessInfo(
          bytes.getInt(Numbers.PIDFD_INFO_TGID),
          parent > 0 ? OptionalLong.of(parent) : OptionalLong.empty(),
          (told & Numbers.PIDFD_INFO_CREDS) == 0
              ? Optional.empty()
              : Optional.of(credentials(bytes)),
          (told & Numbers.PIDFD_INFO_CGROUPID) == 0
              ? OptionalLong.empty()
              : OptionalLong.of(bytes.getLong(Numbers.PIDFD_INFO_CGROUPID_AT)));
    }
  }

  /** Queries the flag of the open file, which the kernel shows, and which cannot be changed. */
  @Override
  public LastClose lastClose(int fd) {
    int flags = LibC.fcntl(fd, PosixNumbers.F_GETFL, 0);
    return flags >= 0 && (flags & Numbers.PIDFD_AUTOKILL) != 0
        ? LastClose.KILLS
        : LastClose.RELEASES;
  }

  private static ProcessInfo.Credentials credentials(ByteBuffer bytes) {
    return new ProcessInfo.Credentials(
        id(bytes, Numbers.PIDFD_INFO_RUID),
        id(bytes, Numbers.PIDFD_INFO_RGID),
        id(bytes, Numbers.PIDFD_INFO_EUID),
        id(bytes, Numbers.PIDFD_INFO_EGID),
        id(bytes, Numbers.PIDFD_INFO_SUID),
        id(bytes, Numbers.PIDFD_INFO_SGID));
  }

  private static long id(ByteBuffer bytes, int at) {
    return bytes.getInt(at) & 0xFFFF_FFFFL;
  }

  /**
   * Starts a thread that blocks in the kernel, because a pidfd does not report stop and continue.
   * Unlike poll, a blocked waitid does not hold the file of the pidfd, so that the last close kills
   * the process all the same.
   */
  @Override
  public Runnable watchStateChanges(OwnedDescriptor descriptor, IntConsumer taker) {
    Threads.startDaemon("procdesc-state-changes", descriptor, fd -> {
      while (awaitStateChange(fd)) {
        taker.accept(fd);
      }
    });
    return () -> {}; // The thread ends with the process.
  }

  /** Waits for a stop or continue without taking it; returns false if the process has ended. */
  private static boolean awaitStateChange(int fd) {
    try (NativeMemory memory = NativeMemory.borrow()) {
      int outcome;
      do {
        // WNOWAIT leaves an exit status to the code that collects it.
        outcome = Syscalls.waitid(
            Numbers.P_PIDFD,
            fd,
            memory.address(),
            STATE_CHANGES | Numbers.WEXITED | Numbers.WNOWAIT,
            0);
      } while (outcome == -PosixNumbers.EINTR);
      int code = memory.bytes().getInt(Numbers.SIGINFO_CODE);
      return outcome == 0 && (code == Numbers.CLD_STOPPED || code == Numbers.CLD_CONTINUED);
    }
  }

  @Override
  public Optional<StateChange> takeStateChange(int fd) {
    try (NativeMemory memory = NativeMemory.borrow()) {
      ByteBuffer bytes = memory.bytes();
      bytes.putInt(Numbers.SIGINFO_PID, 0);
      int outcome = Syscalls.waitid(
          Numbers.P_PIDFD, fd, memory.address(), STATE_CHANGES | Numbers.WNOHANG, 0);
      if (outcome < 0 || bytes.getInt(Numbers.SIGINFO_PID) == 0) {
        return Optional.empty();
      }
      return Optional.of(
          bytes.getInt(Numbers.SIGINFO_CODE) == Numbers.CLD_CONTINUED
              ? new StateChange.Continued()
              : new StateChange.Stopped(Signals.of(bytes.getInt(Numbers.SIGINFO_STATUS))));
    }
  }
}
