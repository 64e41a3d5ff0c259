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
 * Collects the exit status of processes and signals them. The status comes from kqueue
 * (EVFILT_PROCDESC, NOTE_EXIT), which reports it to every holder of a descriptor, even after
 * another process or thread has reaped the process, and in capability mode. Then the process is
 * reaped, so that no zombie remains while its descriptor is held: by {@code pdwait}, or by
 * {@code wait6}, which the kernel permits only to the parent.
 *
 * <p>wait6 identifies the process by its ID. That is not a race: the kernel does not reuse the ID
 * of a process for another process, group or session as long as a descriptor of it is open.
 */
public final class ProcdescOperations implements ProcessOperations {
  private final Probes probes;
  private final CapabilityMode sandbox;
  private final Task task;

  /**
   * The kqueue for single queries, in which nothing stays registered: each query is sent and
   * answered in one call.
   */
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

  /** Returns whether the process behind a descriptor has ended. */
  private static boolean hasEnded(int fd, NativeMemory memory) {
    memory.bytes().putInt(0, fd).putInt(4, 0);
    int outcome = LibC.poll(memory.address(), 1, 0);
    // The kernel stores revents in the upper half of the word that contains events.
    int events = memory.bytes().getInt(4) >>> 16;
    // poll reports only POLLHUP for a process descriptor. POLLNVAL: the descriptor was received
    // without CAP_EVENT, so its holder has no right to know.
    return outcome > 0 && (events & PosixNumbers.POLLHUP) != 0;
  }

  /** Returns the exit status of a process that has ended. */
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
   * Queries whether the process has ended.
   *
   * @return 1 if it has ended, with the event stored behind the query; 0 if it has not; or
   *     {@code -errno}
   */
  int ask(int fd, NativeMemory memory) {
    ByteBuffer bytes = memory.bytes();
    // The event of another query must not be mistaken for the event of this one.
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

  /** Decodes an exit status in the form of wait(2). */
  static ExitStatus waitStatus(int status) {
    return WaitStatus.status(status, Signals::of);
  }

  @Override
  public int signal(int fd, int number) {
    return Syscalls.pdkill(fd, number);
  }

  /**
   * Signals the group by number, because FreeBSD has no other call. The number is that of this
   * group or of none, because it is the ID of a process whose descriptor is open.
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
      // The caller holds descriptors of both processes, so each ID refers to one process only.
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
  public void watchStateChanges(
      OwnedDescriptor descriptor, Consumer<? super StateChange> listener) {
    if (sandbox.entered().isPresent() && !probes.hasPdwait()) {
      throw Unsupported.feature(
          Feature.STATE_CHANGES, "pdwait (FreeBSD 15.1): capability mode refuses waiting by ID");
    }
    Threads.startDaemon(
        "procdesc-state-changes", descriptor, fd -> listen(fd, listener, probes.hasPdwait()));
  }

  /** Reports stop and continue until the process ends. Blocks in the kernel between changes. */
  private static void listen(int fd, Consumer<? super StateChange> listener, boolean pdwait) {
    int changes = Numbers.WUNTRACED | Numbers.WCONTINUED;
    try (NativeMemory memory = NativeMemory.borrow()) {
      ByteBuffer bytes = memory.bytes();
      if (Syscalls.pdgetpid(fd, memory.address()) < 0) {
        return;
      }
      int pid = bytes.getInt(0);
      while (true) {
        // WNOWAIT leaves the state unchanged, so that an exit status remains for the code that
        // collects it.
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

  /** Waits for a change and stores it as {@code siginfo_t} at the start of the memory. */
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
