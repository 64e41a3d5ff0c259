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
import dev.procdesc.posix.channel.SocketNumbers;
import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.io.OwnedDescriptor;
import dev.procdesc.posix.io.Watcher;
import dev.procdesc.posix.probe.Unsupported;
import dev.procdesc.posix.process.Lifeline;
import dev.procdesc.posix.process.ProcessDescriptorImpl;
import dev.procdesc.posix.process.ProcessState;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Descriptors that come and go over sockets. What Linux needs a lifeline for is the kernel's here:
 * it counts the descriptors of a process wherever they are, and its rights travel with them. A
 * lifeline comes behind the leader of a group that has a {@link GroupKiller}.
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
   * Asked by the calls that take process descriptors only. The kernel looks at rights first: a call
   * that is refused for want of a right says nothing. A descriptor that may do none of the three is
   * good for nothing, and refused as well.
   */
  @Override
  public boolean isProcess(int fd) {
    try (NativeMemory memory = NativeMemory.borrow()) {
      int outcome = Syscalls.pdgetpid(fd, memory.address());
      if (outcome == -Numbers.ENOTCAPABLE) {
        outcome = Syscalls.pdkill(fd, 0);
      }
      if (outcome == -Numbers.ENOTCAPABLE) {
        outcome = looking.ask(fd, memory);
      }
      // Another user's process, and one that was reaped.
      return outcome >= 0 || outcome == -PosixNumbers.EPERM || outcome == -PosixNumbers.ESRCH;
    }
  }

  /** Both ends of a pipe can be written to here. */
  @Override
  public boolean isLifeline(int fd) {
    try (NativeMemory memory = NativeMemory.borrow()) {
      return Syscalls.fstat(fd, memory.address()) == 0
          && (memory.bytes().getShort(Numbers.STAT_MODE) & Numbers.S_IFMT) == Numbers.S_IFIFO;
    }
  }

  @Override
  public ProcessDescriptor received(int fd, Optional<Integer> lifeline) {
    Set<Right> rights = Rights.of(fd);
    return new ProcessDescriptorImpl(new ProcessState(
        OwnedDescriptor.take(fd, "the descriptor of a received process"),
        pid(fd),
        rights,
        lifeline.map(Lifeline::take),
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

  @Override
  public PosixNumbers numbers() {
    return Numbers.POSIX;
  }

  @Override
  public SocketNumbers sockets() {
    return Numbers.SOCKETS;
  }
}
