package dev.procdesc.freebsd;

import dev.procdesc.Feature;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.Right;
import dev.procdesc.freebsd.capsicum.Rights;
import dev.procdesc.freebsd.kernel.Numbers;
import dev.procdesc.freebsd.kernel.Probes;
import dev.procdesc.freebsd.kernel.Syscalls;
import dev.procdesc.posix.channel.DescriptorTransfer;
import dev.procdesc.posix.channel.SendRoom;
import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.io.OwnedDescriptor;
import dev.procdesc.posix.io.Watcher;
import dev.procdesc.posix.probe.Unsupported;
import dev.procdesc.posix.process.Lifeline;
import dev.procdesc.posix.process.ProcessDescriptorImpl;
import dev.procdesc.posix.process.ProcessState;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Sends and receives descriptors over sockets. The task for which Linux needs a lifeline is done by
 * the kernel here: it counts the descriptors of a process in all processes, and their rights are
 * sent with them. A lifeline is sent along with the leader of a group that has a
 * {@link GroupKiller}.
 */
final class ProcdescTransfer implements DescriptorTransfer {
  private final Probes probes;
  private final ProcdescOperations looking;
  private final Watcher watcher;

  ProcdescTransfer(Probes probes, ProcdescOperations looking, Watcher watcher) {
    this.probes = probes;
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
    try (NativeMemory memory = NativeMemory.borrow()) {
      return Syscalls.fstat(fd, memory.address()) == 0
          && (memory.bytes().getShort(Numbers.STAT_MODE) & PosixNumbers.S_IFMT)
              == PosixNumbers.S_IFIFO;
    }
  }

  @Override
  public ProcessDescriptor received(int fd, OptionalInt lifeline) {
    Set<Right> rights = Rights.of(fd);
    return new ProcessDescriptorImpl(new ProcessState(
        OwnedDescriptor.take(fd, "the descriptor of a received process"),
        pid(fd),
        rights,
        Lifeline.take(lifeline),
        looking,
        watcher));
  }

  private static OptionalLong pid(int fd) {
    try (NativeMemory memory = NativeMemory.borrow()) {
      return Syscalls.pdgetpid(fd, memory.address()) < 0
          ? OptionalLong.empty()
          : OptionalLong.of(memory.bytes().getInt(0));
    }
  }

  @Override
  public ProcessDescriptor peer(int socket) {
    throw Unsupported.feature(Feature.PEER_DESCRIPTOR, Probes.PEER_LACKS);
  }

  @Override
  public Optional<SendRoom> recordRoom() {
    return probes.recordsEndByFlag() ? Optional.of(new KqueueSendRoom()) : Optional.empty();
  }
}
