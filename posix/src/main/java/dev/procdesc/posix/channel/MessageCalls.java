package dev.procdesc.posix.channel;

/** The two system calls that transfer messages; tests substitute a simulated kernel. */
interface MessageCalls {
  /** The calls of the running system. */
  MessageCalls SYSTEM = new MessageCalls() {
    @Override
    public int send(int fd, SocketMessage message, int flags) {
      return Sockets.sendmsg(fd, message.header(), flags);
    }

    @Override
    public int receive(int fd, SocketMessage message, int flags) {
      return Sockets.recvmsg(fd, message.header(), flags);
    }
  };

  /** Calls {@code sendmsg} and returns a count, or {@code -errno}. */
  int send(int fd, SocketMessage message, int flags);

  /** Calls {@code recvmsg} and returns a count, or {@code -errno}. */
  int receive(int fd, SocketMessage message, int flags);
}
