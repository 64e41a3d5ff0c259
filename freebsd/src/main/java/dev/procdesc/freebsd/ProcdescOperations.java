package dev.procdesc.freebsd;

import dev.procdesc.ClosedDescriptorException;
import dev.procdesc.Feature;
import dev.procdesc.LastClose;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.Right;
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
import dev.procdesc.posix.probe.Unsupported;
import dev.procdesc.posix.process.ProcessOperations;
import dev.procdesc.posix.process.WaitStatus;
import dev.procdesc.spi.Since;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.IntConsumer;

/**
 * Collects the exit status of processes and signals them. A child is reaped, which reports its
 * status, by {@code pdwait}, or by {@code wait6}, which the kernel permits only to the parent. If
 * that is impossible, because other code was faster, this JVM is not the parent, or capability mode
 * refuses wait6, the status comes from kqueue (EVFILT_PROCDESC, NOTE_EXIT), which reports it to
 * every holder of a descriptor.
 *
 * <p>wait6 identifies the process by its ID. That is not a race: the kernel does not reuse the ID
 * of a process for another process, group or session as long as a descriptor of it is open.
 */
public final class ProcdescOperations extends ProcessOperations {
  /** The size of the memory for a list of the members of a process group, about 240. */
  private static final int GROUP_BUFFER = 256 * 1024;

  private final Probes probes;
  private final CapabilityMode sandbox;
  private final ChildSignal childSignal;

  private final ExitQuery query;

  ProcdescOperations(
      Probes probes, CapabilityMode sandbox, ChildSignal childSignal, ExitQuery query, Task task) {
    super(task, Signals.SIGNALS);
    this.probes = probes;
    this.sandbox = sandbox;
    this.childSignal = childSignal;
    this.query = query;
  }

  ExitQuery query() {
    return query;
  }

  /** Returns whether the kernel permits a wait: capability mode refuses it by ID. */
  private boolean canWait() {
    return probes.hasPdwait() || sandbox.entered().isEmpty();
  }

  @Override
  public Outcome collect(int fd) {
    try (NativeMemory memory = NativeMemory.borrow()) {
      if (reaps() && canWait()) {
        int outcome = Procdesc.reap(fd, memory, probes.hasPdwait());
        if (outcome == 0) {
          return new Outcome.Running();
        }
        if (outcome > 0) {
          return new Outcome.Ended(
              status(memory.bytes().getInt(Procdesc.STATUS)),
              collectsUsage()
                  ? Optional.of(WaitStatus.usage(memory.bytes(), Procdesc.USAGE))
                  : Optional.empty());
        }
      }
      if (!Procdesc.hasEnded(fd)) {
        return new Outcome.Running();
      }
      int outcome = query.ask(fd, memory);
      if (outcome < 0) {
        throw new IllegalStateException("kevent: " + Errors.describe(-outcome));
      }
      int data = Numbers.KEVENT_SIZE + Numbers.KEVENT_DATA;
      return outcome == 0
          ? new Outcome.Running()
          : new Outcome.Ended(status((int) memory.bytes().getLong(data)), Optional.empty());
    }
  }

  @Override
  public int signal(int fd, int number) {
    return Syscalls.pdkill(fd, number);
  }

  /**
   * Tests by the null signal, which the kernel refuses with ESRCH for a process that it hides from
   * this JVM, as for one that was reaped.
   */
  @Override
  public Optional<String> hiddenIn(int fd) {
    return Syscalls.pdkill(fd, 0) == -PosixNumbers.ESRCH && Procdesc.isRunning(fd)
        ? Optional.of(
            "another jail, or its user is hidden (security.bsd.see_other_uids, see_other_gids)")
        : Optional.empty();
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
  public boolean isGroupOfZombies(long group) {
    try (NativeMemory memory = NativeMemory.borrow(GROUP_BUFFER)) {
      ByteBuffer bytes = memory.bytes();
      int name = 0;
      int size = 4 * Integer.BYTES;
      int processes = size + Long.BYTES;
      bytes
          .putInt(name, Numbers.CTL_KERN)
          .putInt(name + Integer.BYTES, Numbers.KERN_PROC)
          .putInt(name + 2 * Integer.BYTES, Numbers.KERN_PROC_PGRP)
          .putInt(name + 3 * Integer.BYTES, (int) group)
          .putLong(size, GROUP_BUFFER - processes);
      int outcome = Syscalls.sysctl(
          memory.address(), 4, memory.address() + processes, memory.address() + size, 0, 0);
      // ENOMEM: there are more members than fit, and such a group is never one of zombies only.
      int end = outcome < 0 ? processes : processes + (int) bytes.getLong(size);
      int at = processes;
      while (at < end
          && bytes.getInt(at) == Numbers.KINFO_PROC_SIZE
          && bytes.get(at + Numbers.KINFO_PROC_STAT) == Numbers.SZOMB) {
        at += Numbers.KINFO_PROC_SIZE;
      }
      return at == end && at > processes;
    }
  }

  @Override
  public boolean isSame(int fd, int other) throws ProcessDescriptorException {
    // Both descriptors are open, so each ID refers to one process only.
    return pid(fd) == pid(other);
  }

  private static int pid(int fd) throws ProcessDescriptorException {
    try (NativeMemory memory = NativeMemory.borrow()) {
      int outcome = Syscalls.pdgetpid(fd, memory.address());
      if (outcome < 0) {
        throw Errors.failed("pdgetpid", "descriptor " + fd, outcome);
      }
      return memory.bytes().getInt(0);
    }
  }

  /** The kernel knows whether PD_DAEMON is set, and has no call that reports it. */
  @Override
  public LastClose lastClose(int fd) {
    return LastClose.UNKNOWN;
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
  public Runnable watchStateChanges(OwnedDescriptor descriptor, IntConsumer taker) {
    if (!canWait()) {
      throw Unsupported.feature(
          Feature.STATE_CHANGES,
          "pdwait (" + Since.PDWAIT + "): capability mode refuses waiting by ID");
    }
    return childSignal.watch(() -> {
      try (OwnedDescriptor.Loan loan = descriptor.lend()) {
        taker.accept(loan.fd());
      } catch (ClosedDescriptorException e) {
        return; // The process has ended, and the end of this watch is imminent.
      }
    });
  }

  @Override
  public Optional<StateChange> takeStateChange(int fd) {
    int changes = Numbers.WUNTRACED | Numbers.WCONTINUED;
    try (NativeMemory memory = NativeMemory.borrow()) {
      return Procdesc.tryWait(fd, changes, memory, probes.hasPdwait()) > 0
          ? Optional.of(WaitStatus.change(memory.bytes().getInt(Procdesc.STATUS), Signals.SIGNALS))
          : Optional.empty();
    }
  }
}
