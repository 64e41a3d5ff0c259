package dev.procdesc.linux;

import dev.procdesc.DescriptorType;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.linux.kernel.Numbers;
import dev.procdesc.linux.kernel.Pidfd;
import dev.procdesc.linux.kernel.Probes;
import dev.procdesc.linux.kernel.Syscalls;
import dev.procdesc.posix.channel.DescriptorTypes;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.io.OwnedDescriptor;
import dev.procdesc.posix.io.Watcher;
import dev.procdesc.posix.process.Adopter;
import dev.procdesc.posix.process.ForeignProcesses;
import dev.procdesc.posix.process.Lifeline;
import dev.procdesc.posix.process.ProcessDescriptorImpl;
import dev.procdesc.posix.process.ProcessState;
import dev.procdesc.spi.Adoption;
import java.util.Optional;
import java.util.OptionalLong;

/** Recognizes and wraps pidfds that this JVM did not open itself, and their lifelines. */
class ForeignPidfds implements ForeignProcesses {
  private final Probes probes;
  private final PidfdOperations looking;
  private final Watcher watcher;

  ForeignPidfds(Probes probes, PidfdOperations looking, Watcher watcher) {
    this.probes = probes;
    this.looking = looking;
    this.watcher = watcher;
  }

  /**
   * Returns the adoption of pidfds. The launcher, which a first spawn loads, needs no class for it.
   */
  static Adoption adoption(Probes probes, PidfdOperations looking, Watcher watcher) {
    return new Adopter(new ForeignPidfds(probes, looking, watcher));
  }

  @Override
  public boolean isProcess(int fd) {
    return isPidfd(fd) && !isOfThread(fd);
  }

  /**
   * Tests the descriptor by waitid, which accepts pidfds only; pidfd_send_signal would also accept
   * a directory of /proc.
   */
  static boolean isPidfd(int fd) {
    try (NativeMemory memory = NativeMemory.borrow()) {
      int outcome = Syscalls.waitid(
          Numbers.P_PIDFD,
          fd,
          memory.address(),
          Numbers.WEXITED | Numbers.WNOHANG | Numbers.WNOWAIT | Numbers.WALL,
          0);
      return outcome == 0 || outcome == -Numbers.ECHILD;
    }
  }

  /** Returns whether a pidfd refers to a thread. Such a pidfd does not refer to a process. */
  private static boolean isOfThread(int fd) {
    return (LibC.fcntl(fd, PosixNumbers.F_GETFL, 0) & Numbers.PIDFD_THREAD) != 0;
  }

  @Override
  public boolean isLifeline(int fd) {
    try (NativeMemory memory = NativeMemory.borrow()) {
      int writing = LibC.fcntl(fd, PosixNumbers.F_GETFL, 0) & PosixNumbers.O_ACCMODE;
      return writing == PosixNumbers.O_WRONLY
          && Syscalls.fstatfs(fd, memory.address()) == 0
          && memory.bytes().getLong(Numbers.STATFS_TYPE) == Numbers.PIPEFS_MAGIC;
    }
  }

  @Override
  public DescriptorType type(int fd) {
    return new DescriptorTypes(new FileCalls()).of(fd);
  }

  @Override
  public ProcessDescriptor wrap(OwnedDescriptor process, Optional<OwnedDescriptor> lifeline) {
    OptionalLong pid = Pidfd.pid(process.number(), probes.hasInfo());
    return new ProcessDescriptorImpl(
        new ProcessState(process, pid, Lifeline.of(lifeline), looking, watcher));
  }
}
