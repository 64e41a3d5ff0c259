package dev.procdesc.posix.channel;

/** The two calls that move messages; tests put a kernel of their own below. */
interface MessageCalls {
  /** The system's. */
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

  /** {@code sendmsg}: a count, or {@code -errno}. */
  int send(int fd, SocketMessage message, int flags);

  /** {@code recvmsg}: a count, or {@code -errno}. */
  int receive(int fd, SocketMessage message, int flags);
}
