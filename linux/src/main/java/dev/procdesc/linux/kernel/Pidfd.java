package dev.procdesc.linux.kernel;

import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.posix.channel.Sockets;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.ffi.PosixNumbers;
import java.nio.ByteBuffer;
import java.util.OptionalLong;

/** Calls on a pidfd that more than one part of the backend makes. */
public final class Pidfd {
  private Pidfd() {}

  /**
   * Waits for a child that is about to end, and reaps it. Returns also if other code in this JVM
   * reaped the child first (ECHILD).
   */
  public static void reap(int fd) {
    int outcome;
    do {
      outcome = Syscalls.waitid(Numbers.P_PIDFD, fd, 0, Numbers.WEXITED | Numbers.WALL, 0);
    } while (outcome == -PosixNumbers.EINTR);
  }

  /**
   * Reaps a child that has ended, without blocking. Returns also if other code in this JVM reaped
   * the child first (ECHILD).
   *
   * @return false if the child is running, or a tracer holds it
   */
  public static boolean tryReap(int fd) {
    try (NativeMemory memory = NativeMemory.borrow()) {
      memory.bytes().putInt(Numbers.SIGINFO_PID, 0);
      int outcome = Syscalls.waitid(
          Numbers.P_PIDFD,
          fd,
          memory.address(),
          Numbers.WEXITED | Numbers.WNOHANG | Numbers.WALL,
          0);
      return outcome < 0 || memory.bytes().getInt(Numbers.SIGINFO_PID) != 0;
    }
  }

  /**
   * Waits until a child has ended, and leaves it to the code that reaps it. Returns at once if the
   * child was reaped by other code, and after its end if the kernel reaps it.
   */
  public static void awaitEnd(int fd) {
    int outcome;
    do {
      outcome = Syscalls.waitid(
          Numbers.P_PIDFD, fd, 0, Numbers.WEXITED | Numbers.WALL | Numbers.WNOWAIT, 0);
    } while (outcome == -PosixNumbers.EINTR);
  }

  /**
   * Returns whether a child that was created with the exit signal 0 has executed a program. Exec
   * sets the exit signal to SIGCHLD before it discards the old memory, and without {@code __WALL}
   * waitid reports ECHILD for a child with another one. Nothing tells it of a child that was reaped
   * meanwhile, by the kernel (CLONE_AUTOREAP) or by other code: this method returns true then.
   */
  public static boolean hasExecuted(int fd) {
    int flags = Numbers.WEXITED | Numbers.WNOHANG | Numbers.WNOWAIT;
    return Syscalls.waitid(Numbers.P_PIDFD, fd, 0, flags, 0) != -Numbers.ECHILD
        || Syscalls.waitid(Numbers.P_PIDFD, fd, 0, flags | Numbers.WALL, 0) == -Numbers.ECHILD;
  }

  /**
   * Reads a {@code struct pidfd_info} with the process ID, credentials and control group of a
   * process that was not reaped. Since Linux 6.13.
   *
   * @return 0 or {@code -errno}
   */
  public static int info(int fd, NativeMemory memory) {
    memory
        .bytes()
        .putLong(
            Numbers.PIDFD_INFO_MASK,
            Numbers.PIDFD_INFO_PID | Numbers.PIDFD_INFO_CREDS | Numbers.PIDFD_INFO_CGROUPID);
    return LibC.ioctl(fd, Numbers.PIDFD_GET_INFO, memory.address());
  }

  /**
   * Returns the number of the inode of a pidfd. If pidfds are in pidfs, it is that of the process,
   * and is never reused; a kernel of 32 bits, which has no backend, would reuse it.
   */
  public static long inode(int fd) throws ProcessDescriptorException {
    try (NativeMemory memory = NativeMemory.borrow()) {
      statx(fd, "a pidfd", Numbers.STATX_INO, memory);
      return memory.bytes().getLong(Numbers.STATX_INO_AT);
    }
  }

  private static void statx(int fd, String subject, int mask, NativeMemory memory)
      throws ProcessDescriptorException {
    int emptyPath = 1024;
    memory.bytes().put(emptyPath, (byte) 0);
    int outcome = Syscalls.statx(
        fd, memory.address() + emptyPath, Numbers.AT_EMPTY_PATH, mask, memory.address());
    if (outcome < 0) {
      throw Errors.failed("statx", subject, outcome);
    }
  }

  /**
   * Returns whether a process is in a PID namespace that this JVM cannot see: one that is neither
   * its own nor below it. The kernel checks that before everything else, and refuses even the null
   * signal with EINVAL, also after the process was reaped.
   */
  public static boolean isHidden(int fd) {
    return Syscalls.pidfdSendSignal(fd, 0, 0, 0) == -PosixNumbers.EINVAL;
  }

  /**
   * Returns the ID of a process that was not reaped, in the PID namespace of this JVM.
   *
   * @param hasInfo whether the kernel may be queried, which Linux before 6.13 does not know; its
   *     only other source is {@code /proc}
   * @return empty if the process was reaped, if it is in a PID namespace that this JVM cannot see,
   *     or if there is no source
   */
  public static OptionalLong pid(int fd, boolean hasInfo) {
    if (hasInfo) {
      try (NativeMemory memory = NativeMemory.borrow()) {
        int outcome = info(fd, memory);
        if (outcome >= 0) {
          return OptionalLong.of(memory.bytes().getInt(Numbers.PIDFD_INFO_TGID));
        }
        if (outcome == -PosixNumbers.ESRCH || outcome == -Numbers.EREMOTE) {
          return OptionalLong.empty();
        }
      }
    }
    return OwnProc.pidOf(fd);
  }

  /**
   * Opens a pidfd of the process at the other end of a socket (SO_PEERPIDFD). Since Linux 6.5.
   *
   * @return the descriptor or {@code -errno}
   */
  public static int ofPeer(int socket) {
    try (NativeMemory memory = NativeMemory.borrow()) {
      ByteBuffer bytes = memory.bytes();
      int sizeAt = Long.BYTES;
      bytes.putInt(0, -1).putInt(sizeAt, Integer.BYTES);
      int outcome = Sockets.getsockopt(
          socket,
          Numbers.SOL_SOCKET,
          Numbers.SO_PEERPIDFD,
          memory.address(),
          memory.address() + sizeAt);
      return outcome < 0 ? outcome : bytes.getInt(0);
    }
  }
}
