package dev.procdesc.linux;

import dev.procdesc.Feature;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.posix.ChannelCalls;
import dev.procdesc.posix.Errors;
import dev.procdesc.posix.HeldProcess;
import dev.procdesc.posix.LibC;
import dev.procdesc.posix.Lifeline;
import dev.procdesc.posix.NativeMemory;
import dev.procdesc.posix.OwnedDescriptor;
import dev.procdesc.posix.PosixNumbers;
import dev.procdesc.posix.ProcessCore;
import dev.procdesc.posix.SocketNumbers;
import dev.procdesc.posix.Watcher;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Descriptors that come and go over sockets. A pidfd is like any other descriptor there. What Linux
 * before CLONE_PIDFD_AUTOKILL lacks is that its last close kills: for that a <i>lifeline</i>
 * travels with it, a pipe's writing end that all holders share and whose reading end the guardian
 * of the JVM that spawned the process watches; see {@link Closing} and guardian.c.
 */
final class Passing implements ChannelCalls {
  private final Kernel kernel;
  private final Waiting looking;
  private final Watcher watcher;

  Passing(Kernel kernel, Waiting looking, Watcher watcher) {
    this.kernel = kernel;
    this.looking = looking;
    this.watcher = watcher;
  }

  /**
   * Asked by waitid, which takes pidfds and nothing else; pidfd_send_signal would take a directory
   * of /proc too. A pidfd of a thread is not a process's.
   */
  @Override
  public boolean isProcess(int fd) {
    try (NativeMemory memory = NativeMemory.borrow()) {
      int outcome = Calls.waitid(
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
          && Calls.fstatfs(fd, memory.address()) == 0
          && memory.bytes().getLong(Numbers.STATFS_TYPE) == Numbers.PIPEFS_MAGIC;
    }
  }

  @Override
  public ProcessDescriptor received(int fd, Optional<Integer> lifeline) {
    return new HeldProcess(new ProcessCore(
        OwnedDescriptor.take(fd, "the descriptor of a received process"),
        pid(fd),
        lifeline.map(Lifeline::take),
        looking,
        watcher));
  }

  /**
   * The process's ID, for people: while the process is there it can be had, and later nobody knows.
   * Before Linux 6.13 only /proc tells, if there is one.
   */
  private OptionalLong pid(int fd) {
    long pid = 0;
    if (kernel.hasInfo()) {
      try (NativeMemory memory = NativeMemory.borrow()) {
        if (Waiting.askInfo(fd, memory) >= 0) {
          pid = memory.bytes().getInt(Numbers.PIDFD_INFO_TGID);
        }
      }
    } else {
      try {
        pid = Files.readAllLines(Path.of("/proc/self/fdinfo/" + fd)).stream()
            .filter(line -> line.startsWith("Pid:"))
            .mapToLong(line -> Long.parseLong(line.substring("Pid:".length()).strip()))
            .findFirst()
            .orElse(0);
      } catch (IOException e) {
        return OptionalLong.empty(); // No /proc: it is not needed for anything else.
      }
    }
    return pid > 0 ? OptionalLong.of(pid) : OptionalLong.empty();
  }

  @Override
  public ProcessDescriptor peer(int socket) throws ProcessDescriptorException {
    if (!kernel.peer().present()) {
      throw LinuxBackend.unsupported(Feature.PEER_DESCRIPTOR, kernel.peer().lacks());
    }
    int fd = peerOf(socket);
    if (fd < 0) {
      // Until 6.16 a peer that was reaped is an invalid argument.
      throw Errors.failed(
          "getsockopt(SO_PEERPIDFD)",
          "a socket",
          fd == -PosixNumbers.EINVAL ? -PosixNumbers.ESRCH : fd);
    }
    return received(fd, Optional.empty());
  }

  /** A pidfd of the process at the other end, or {@code -errno}. */
  static int peerOf(int socket) {
    try (NativeMemory memory = NativeMemory.borrow()) {
      ByteBuffer bytes = memory.bytes();
      int sizeAt = Long.BYTES;
      bytes.putInt(0, -1).putInt(sizeAt, Integer.BYTES);
      int outcome = Calls.getsockopt(
          socket,
          Numbers.SOL_SOCKET,
          Numbers.SO_PEERPIDFD,
          memory.address(),
          memory.address() + sizeAt);
      return outcome < 0 ? outcome : bytes.getInt(0);
    }
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
