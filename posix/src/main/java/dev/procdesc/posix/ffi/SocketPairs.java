package dev.procdesc.posix.ffi;

/**
 * Binds the functions of the C library for pairs of connected sockets, and for the streams over
 * them. Each method returns the result of the function, or {@code -errno}, and repeats no call that
 * failed with {@code EINTR}.
 */
public final class SocketPairs {
  private static final NativeFunction SOCKETPAIR = NativeFunction.of("socketpair");
  private static final NativeFunction SENDTO = NativeFunction.of("sendto");
  private static final NativeFunction SHUTDOWN = NativeFunction.of("shutdown");

  private SocketPairs() {}

  /**
   * Creates a pair of stream sockets, close-on-exec and blocking, by {@code int socketpair(int
   * domain, int type, int protocol, int sv[2])}.
   *
   * @param ends receives both ends
   * @return 0 or {@code -errno}
   * @see <a href="https://man7.org/linux/man-pages/man2/socketpair.2.html">socketpair(2)</a>
   */
  public static int streams(int[] ends) {
    try (NativeMemory memory = NativeMemory.borrow()) {
      int outcome = SOCKETPAIR.call(
          SocketNumbers.AF_UNIX,
          SocketNumbers.SOCK_STREAM | SystemNumbers.sockets().sockCloexec(),
          0,
          memory.address());
      if (outcome >= 0) {
        ends[0] = memory.bytes().getInt(0);
        ends[1] = memory.bytes().getInt(Integer.BYTES);
      }
      return outcome;
    }
  }

  /**
   * Writes to a connected socket without SIGPIPE, by {@code ssize_t sendto(int s, const void *msg,
   * size_t len, int flags, const struct sockaddr *to, socklen_t tolen)} with MSG_NOSIGNAL.
   *
   * @see <a href="https://man7.org/linux/man-pages/man2/sendto.2.html">sendto(2)</a>
   */
  public static long send(int fd, long address, long size) {
    return SENDTO.callLong(fd, address, size, SystemNumbers.sockets().msgNosignal(), 0, 0);
  }

  /**
   * Calls {@code int shutdown(int s, int how)}.
   *
   * @see <a href="https://man7.org/linux/man-pages/man2/shutdown.2.html">shutdown(2)</a>
   */
  public static int shutdown(int fd, int how) {
    return SHUTDOWN.call(fd, how);
  }
}
