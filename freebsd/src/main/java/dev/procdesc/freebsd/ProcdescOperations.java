package dev.procdesc.freebsd;

import dev.procdesc.ExitStatus;
import dev.procdesc.Feature;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.Right;
import dev.procdesc.Signal;
import dev.procdesc.StateChange;
import dev.procdesc.freebsd.capsicum.CapabilityMode;
import dev.procdesc.freebsd.capsicum.Rights;
import dev.procdesc.freebsd.kernel.Numbers;
import dev.procdesc.freebsd.kernel.Probes;
import dev.procdesc.freebsd.kernel.Procdesc;
import dev.procdesc.freebsd.kernel.Signals;
import dev.procdesc.freebsd.kernel.Syscalls;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.io.OwnedDescriptor;
import dev.procdesc.posix.io.Threads;
import dev.procdesc.posix.probe.Unsupported;
import dev.procdesc.posix.process.ProcessOperations;
import dev.procdesc.posix.process.WaitStatus;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Consumer;

/**
 * How processes end. The status comes from kqueue (EVFILT_PROCDESC, NOTE_EXIT), which gives it to
 * every holder of a descriptor, also after the process was reaped, by whomever, and in capability
 * mode. Then the process is reaped, so that no zombie stays while its descriptor is held: by
 * {@code pdwait}, or by {@code wait6}, which the kernel allows its parent only.
 *
 * <p>wait6 names the process by its ID. That is no race: the kernel gives the ID of a process to no
 * other process, group or session as long as a descriptor of it is open.
 */
public final class ProcdescOperations implements ProcessOperations {
  private final Probes probes;
  private final CapabilityMode sandbox;
  private final Task task;

  /** Where nothing stays registered: each question is asked and answered in one call. */
  private final int questions;

  private final Object asking = new Object();

  public ProcdescOperations(Probes probes, CapabilityMode sandbox, Task task)
      throws ProcessDescriptorException {
    this.probes = probes;
    this.sandbox = sandbox;
    this.task = task;
    this.questions = KqueueQueue.Kevent.queue();
  }

  @Override
  public boolean reaps() {
    return task.reaps();
  }

  @Override
  public Outcome collect(int fd) {
    try (NativeMemory memory = NativeMemory.borrow()) {
      if (!hasEnded(fd, memory)) {
        return new Outcome.Running();
      }
      Optional<Integer> status = status(fd, memory);
      if (status.isEmpty()) {
        return new Outcome.Running();
      }
      boolean reaped = reaps() && Procdesc.reap(fd, memory, probes.hasPdwait());
      return new Outcome.Ended(
          waitStatus(status.get()),
          reaped && task == Task.REAP_FOR_USAGE
              ? Optional.of(WaitStatus.usage(memory.bytes(), Long.BYTES))
              : Optional.empty());
    }
  }

  /** Whether the process behind a descriptor has ended. */
  private static boolean hasEnded(int fd, NativeMemory memory) {
    memory.bytes().putInt(0, fd).putInt(4, 0);
    int outcome = LibC.poll(memory.address(), 1, 0);
    // The kernel puts revents into the upper half of the word that holds events.
    int events = memory.bytes().getInt(4) >>> 16;
    // POLLHUP is all that poll says of a process descriptor. POLLNVAL: one that came here without
    // CAP_EVENT, whose holder may not know.
    return outcome > 0 && (events & PosixNumbers.POLLHUP) != 0;
  }

  /** The status of a process that has ended. */
  private Optional<Integer> status(int fd, NativeMemory memory) {
    int outcome = ask(fd, memory);
    if (outcome < 0) {
      throw new IllegalStateException("kevent: " + Errors.describe(-outcome));
    }
    return outcome == 0
        ? Optional.empty()
        : Optional.of((int) memory.bytes().getLong(Numbers.KEVENT_SIZE + Numbers.KEVENT_DATA));
  }

  /**
   * Asks whether the process has ended: 1 if so, with the event behind the question; 0 if not; or
   * {@code -errno}.
   */
  int ask(int fd, NativeMemory memory) {
    ByteBuffer bytes = memory.bytes();
    // Another question's event must not be taken for this one's.
    synchronized (asking) {
      KqueueQueue.Kevent.put(
          bytes,
          fd,
          Numbers.EVFILT_PROCDESC,
          Numbers.EV_ADD | Numbers.EV_ONESHOT,
          Numbers.NOTE_EXIT,
          0);
      int at = Numbers.KEVENT_SIZE;
      int timeout = 2 * Numbers.KEVENT_SIZE;
      bytes.putLong(timeout, 0).putLong(timeout + Long.BYTES, 0);
      int outcome = Syscalls.kevent(
          questions, memory.address(), 1, memory.address() + at, 1, memory.address() + timeout);
      if (outcome > 0 && (bytes.getShort(at + Numbers.KEVENT_FLAGS) & Numbers.EV_ERROR) != 0) {
        return (int) -bytes.getLong(at + Numbers.KEVENT_DATA);
      }
      if (outcome == 0) {
        KqueueQueue.Kevent.put(bytes, fd, Numbers.EVFILT_PROCDESC, Numbers.EV_DELETE, 0, 0);
        Syscalls.kevent(questions, memory.address(), 1, 0, 0, 0);
      }
      return outcome;
    }
  }

  /** A status in the form of wait(2). */
  static ExitStatus waitStatus(int status) {
    return WaitStatus.status(status, Signals::of);
  }

  @Override
  public int signal(int fd, int number) {
    return Syscalls.pdkill(fd, number);
  }

  /**
   * By number, as FreeBSD has no other way; the number is that group's or nobody's, because it is
   * the ID of a process whose descriptor is open.
   */
  @Override
  public int signalGroup(int fd, int number) {
    try (NativeMemory memory = NativeMemory.borrow()) {
      int outcome = Syscalls.pdgetpid(fd, memory.address());
      return outcome < 0 ? outcome : Syscalls.killpg(memory.bytes().getInt(0), number);
    }
  }

  @Override
  public Identity identity(int fd) throws ProcessDescriptorException {
    try (NativeMemory memory = NativeMemory.borrow()) {
      int outcome = Syscalls.pdgetpid(fd, memory.address());
      if (outcome < 0) {
        throw Errors.failed("pdgetpid", "descriptor " + fd, outcome);
      }
      // Whoever compares holds descriptors of both, so the ID is of one process only.
      return new Identity(0, memory.bytes().getInt(0));
    }
  }

  @Override
  public OptionalInt limit(int fd, Set<Right> rights) throws ProcessDescriptorException {
    if (!Syscalls.hasCapRights()) {
      return OptionalInt.empty();
    }
    int copy = LibC.fcntl(fd, Numbers.POSIX.fDupfdCloexec(), 0);
    if (copy < 0) {
      throw Errors.failed("fcntl(F_DUPFD_CLOEXEC)", "descriptor " + fd, copy);
    }
    try {
      Rights.limit(copy, rights);
      return OptionalInt.of(copy);
    } catch (ProcessDescriptorException e) {
      LibC.close(copy);
      throw e;
    }
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
    if (sandbox.entered().isPresent() && !probes.hasPdwait()) {
      throw Unsupported.feature(
          Feature.STATE_CHANGES, "pdwait (FreeBSD 15.1): capability mode refuses to wait by ID");
    }
    Threads.startDaemon(
        "procdesc-state-changes", descriptor, fd -> listen(fd, listener, probes.hasPdwait()));
  }

  /** Blocks in the kernel from change to change, until the process ends. */
  private static void listen(int fd, Consumer<? super StateChange> listener, boolean pdwait) {
    int changes = Numbers.WUNTRACED | Numbers.WCONTINUED;
    try (NativeMemory memory = NativeMemory.borrow()) {
      ByteBuffer bytes = memory.bytes();
      if (Syscalls.pdgetpid(fd, memory.address()) < 0) {
        return;
      }
      int pid = bytes.getInt(0);
      while (true) {
        // A look that leaves everything as it is, so that an exit stays for whoever collects it.
        int outcome = await(fd, pid, memory, changes | Numbers.WEXITED | Numbers.WNOWAIT, pdwait);
        if (outcome == -PosixNumbers.EINTR) {
          continue;
        }
        int code = bytes.getInt(Numbers.SIGINFO_CODE);
        if (outcome < 0 || (code != Numbers.CLD_STOPPED && code != Numbers.CLD_CONTINUED)) {
          return;
        }
        bytes.putInt(Numbers.SIGINFO_PID, 0);
        outcome = await(fd, pid, memory, changes | Numbers.WNOHANG, pdwait);
        if (outcome >= 0 && bytes.getInt(Numbers.SIGINFO_PID) != 0) {
          listener.accept(
              change(bytes.getInt(Numbers.SIGINFO_CODE), bytes.getInt(Numbers.SIGINFO_STATUS)));
        }
      }
    }
  }

  /** Waits for a change; {@code siginfo_t} at the start of the memory tells which. */
  private static int await(int fd, int pid, NativeMemory memory, int options, boolean pdwait) {
    long status = memory.address() + Numbers.SIGINFO_SIZE;
    return pdwait
        ? Syscalls.pdwait(fd, status, options, 0, memory.address())
        : Syscalls.wait6(Numbers.P_PID, pid, status, options, 0, memory.address());
  }

  private static StateChange change(int code, int signal) {
    return code == Numbers.CLD_CONTINUED
        ? new StateChange.Continued()
        : new StateChange.Stopped(Signals.of(signal));
  }
}
