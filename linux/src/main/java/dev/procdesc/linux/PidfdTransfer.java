package dev.procdesc.linux;

import dev.procdesc.Feature;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.linux.kernel.Numbers;
import dev.procdesc.linux.kernel.Pidfd;
import dev.procdesc.linux.kernel.Probes;
import dev.procdesc.linux.kernel.Syscalls;
import dev.procdesc.posix.channel.DescriptorTransfer;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.io.OwnedDescriptor;
import dev.procdesc.posix.io.Watcher;
import dev.procdesc.posix.probe.Unsupported;
import dev.procdesc.posix.process.Lifeline;
import dev.procdesc.posix.process.ProcessDescriptorImpl;
import dev.procdesc.posix.process.ProcessState;
import java.util.OptionalInt;

/**
 * Sends and receives descriptors over sockets. A pidfd is sent like any other descriptor. Linux
 * before CLONE_PIDFD_AUTOKILL does not kill at its last close; for this purpose a <i>lifeline</i>
 * is sent with it, the write end of a pipe that all holders share and whose read end is watched by
 * the guardian of the JVM that spawned the process; see {@link PidfdCloseAction} and guardian.c.
 */
public final class PidfdTransfer implements DescriptorTransfer {
  private final Probes probes;
  private final PidfdOperations looking;
  private final Watcher watcher;

  public PidfdTransfer(Probes probes, PidfdOperations looking, Watcher watcher) {
    this.probes = probes;
    this.looking = looking;
    this.watcher = watcher;
  }

  /**
   * Tests the descriptor by waitid, which accepts pidfds only; pidfd_send_signal would also accept
   * a directory of /proc. A pidfd of a thread does not refer to a process.
   */
  @Override
  public boolean isProcess(int fd) {
    try (NativeMemory memory = NativeMemory.borrow()) {
      int outcome = Syscalls.waitid(
          Numbers.P_PIDFD,
          fd,
          memory.address(),
          Numbers.WEXITED | Numbers.WNOHANG | Numbers.WNOWAIT | Numbers.WALL,
          0);
      boolean pidfd = outcome == 0 || outcome == -Numbers.ECHILD;
      return pidfd && (LibC.fcntl(fd, PosixNumbers.F_GETFL, 0) & Numbers.PIDFD_THREAD) == 0;
    }
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
  public ProcessDescriptor received(int fd, OptionalInt lifeline) {
    return new ProcessDescriptorImpl(new ProcessState(
        OwnedDescriptor.take(fd, "the descriptor of a received process"),
        Pidfd.pid(fd, probes.hasInfo()),
        Lifeline.take(lifeline),
        looking,
        watcher));
  }

  @Override
  public ProcessDescriptor peer(int socket) throws ProcessDescriptorException {
    if (!probes.peer().present()) {
      throw Unsupported.feature(Feature.PEER_DESCRIPTOR, probes.peer().lacks());
    }
    int fd = Pidfd.ofPeer(socket);
    if (fd < 0) {
      // Before 6.16 the error for a peer that was reaped is EINVAL.
      throw Errors.failed(
          "getsockopt(SO_PEERPIDFD)",
          "a socket",
          fd == -PosixNumbers.EINVAL ? -PosixNumbers.ESRCH : fd);
    }
    return received(fd, OptionalInt.empty());
  }
}
