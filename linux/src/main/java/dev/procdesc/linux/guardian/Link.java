package dev.procdesc.linux.guardian;

import dev.procdesc.linux.kernel.Numbers;
import dev.procdesc.linux.kernel.Pidfd;
import dev.procdesc.linux.kernel.Syscalls;
import dev.procdesc.posix.channel.Sockets;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeArena;
import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.io.OwnedDescriptor;

/**
 * A guardian process that is ready, and this JVM's end of the socket to it.
 *
 * @param socket this JVM's end of the socket
 * @param pidfd the descriptor of the guardian
 * @param pid the process ID of the guardian
 * @param bySender whether the kernel identifies the sender of a message to the guardian
 * @param capacity the maximum number of registrations and lifelines
 */
public record Link(OwnedDescriptor socket, int pidfd, long pid, boolean bySender, long capacity) {
  /** Returns whether this is the same guardian. Each has its own socket. */
  boolean isSame(Link other) {
    return socket == other.socket;
  }

  /**
   * Sends a message.
   *
   * @param header its {@code struct msghdr}
   * @return a number that is not negative, or {@code -errno}
   */
  int send(NativeArena.Place header) {
    try (OwnedDescriptor.Loan loan = socket.lend()) {
      return Sockets.sendmsg(loan.fd(), header.address(), Numbers.MSG_NOSIGNAL);
    }
  }

  /**
   * Receives a message without blocking, and stores it at the start of the memory.
   *
   * @return the number of bytes, which is 0 if the guardian has exited, or {@code -errno}
   */
  long receive(NativeMemory memory) {
    try (OwnedDescriptor.Loan loan = socket.lend()) {
      return Syscalls.recv(loan.fd(), memory.address(), Message.SIZE, Numbers.MSG_DONTWAIT);
    }
  }

  /**
   * Closes the socket, so that the guardian exits when it has no registration left. A copy of the
   * descriptor in a fork by foreign code does not matter.
   */
  void dismiss() {
    try (OwnedDescriptor.Loan loan = socket.lend()) {
      Sockets.shutdown(loan.fd(), Numbers.SHUT_RDWR);
    }
    socket.close();
  }

  /** Closes the socket, and kills the guardian if it has not exited. */
  void end() {
    socket.close();
    Syscalls.pidfdSendSignal(pidfd, PosixNumbers.SIGKILL, 0, 0);
  }

  /** Kills a guardian, reaps it and closes its descriptor. */
  static void kill(int pidfd) {
    Syscalls.pidfdSendSignal(pidfd, PosixNumbers.SIGKILL, 0, 0);
    Pidfd.reap(pidfd);
    LibC.close(pidfd);
  }
}
