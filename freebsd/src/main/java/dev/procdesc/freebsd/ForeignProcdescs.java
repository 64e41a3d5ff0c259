package dev.procdesc.freebsd;

import dev.procdesc.DescriptorType;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.Right;
import dev.procdesc.freebsd.capsicum.Rights;
import dev.procdesc.freebsd.kernel.Numbers;
import dev.procdesc.freebsd.kernel.Syscalls;
import dev.procdesc.posix.channel.DescriptorTypes;
import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.io.OwnedDescriptor;
import dev.procdesc.posix.io.Watcher;
import dev.procdesc.posix.process.ForeignProcesses;
import dev.procdesc.posix.process.Lifeline;
import dev.procdesc.posix.process.ProcessDescriptorImpl;
import dev.procdesc.posix.process.ProcessState;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/** Recognizes and wraps process descriptors that this JVM did not open itself. */
class ForeignProcdescs implements ForeignProcesses {
  private final FileCalls files = new FileCalls();
  private final ProcdescOperations looking;
  private final Watcher watcher;

  ForeignProcdescs(ProcdescOperations looking, Watcher watcher) {
    this.looking = looking;
    this.watcher = watcher;
  }

  /**
   * Tests the descriptor by calls that accept process descriptors only. The kernel checks rights
   * first, so a call that is refused for lack of a right gives no information. A descriptor with
   * none of the three rights is useless, and is refused as well.
   */
  @Override
  public boolean isProcess(int fd) {
    try (NativeMemory memory = NativeMemory.borrow()) {
      int outcome = Syscalls.pdgetpid(fd, memory.address());
      if (outcome == -Numbers.ENOTCAPABLE) {
        outcome = Syscalls.pdkill(fd, 0);
      }
      if (outcome == -Numbers.ENOTCAPABLE) {
        outcome = looking.query().ask(fd, memory);
      }
      // EPERM for another user's process, ESRCH for one that was reaped.
      return outcome >= 0 || outcome == -PosixNumbers.EPERM || outcome == -PosixNumbers.ESRCH;
    }
  }

  /** Returns whether the descriptor is a pipe, both ends of which are writable on FreeBSD. */
  @Override
  public boolean isLifeline(int fd) {
    int mode = files.mode(fd);
    return mode >= 0 && (mode & PosixNumbers.S_IFMT) == PosixNumbers.S_IFIFO;
  }

  @Override
  public DescriptorType type(int fd) {
    return new DescriptorTypes(files).of(fd);
  }

  /**
   * Describes the descriptor by its rights if these permit no operation on a process: the mode of a
   * process descriptor is that of a file.
   */
  @Override
  public String describe(int fd) {
    int outcome;
    try (NativeMemory memory = NativeMemory.borrow()) {
      outcome = Syscalls.pdgetpid(fd, memory.address());
    }
    return outcome == -Numbers.ENOTCAPABLE
        ? "a descriptor without CAP_PDGETPID, CAP_PDKILL and CAP_EVENT"
        : ForeignProcesses.super.describe(fd);
  }

  @Override
  public ProcessDescriptor wrap(OwnedDescriptor process, Optional<OwnedDescriptor> lifeline) {
    int fd = process.number();
    Set<Right> rights = Rights.of(fd);
    return new ProcessDescriptorImpl(
        new ProcessState(process, pid(fd), rights, Lifeline.of(lifeline), looking, watcher));
  }

  private static OptionalLong pid(int fd) {
    try (NativeMemory memory = NativeMemory.borrow()) {
      return Syscalls.pdgetpid(fd, memory.address()) < 0
          ? OptionalLong.empty()
          : OptionalLong.of(memory.bytes().getInt(0));
    }
  }
}
