package dev.procdesc.posix.channel;

import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeFunction;
import dev.procdesc.posix.ffi.SocketPairs;

/**
 * Binds the functions of the C library for sockets, under their C names. They are separate from
 * {@link LibC}, so that a spawn does not resolve them. Each method returns the result of the
 * function, or {@code -errno}.
 *
 * <p>No method repeats a call that failed with {@code EINTR}. The links lead to the manual of
 * Linux; <a href="https://man.freebsd.org/cgi/man.cgi">that of FreeBSD</a> has pages of the same
 * names.
 */
public final class Sockets {
  private static final NativeFunction SOCKET = NativeFunction.of("socket");
  private static final NativeFunction SOCKETPAIR = NativeFunction.of("socketpair");
  private static final NativeFunction BIND = NativeFunction.of("bind");
  private static final NativeFunction LISTEN = NativeFunction.of("listen");
  private static final NativeFunction CONNECT = NativeFunction.of("connect");
  private static final NativeFunction ACCEPT4 = NativeFunction.of("accept4");
  private static final NativeFunction SENDMSG = NativeFunction.of("sendmsg");
  private static final NativeFunction RECVMSG = NativeFunction.of("recvmsg");
  private static final NativeFunction GETSOCKOPT = NativeFunction.of("getsockopt");
  private static final NativeFunction SETSOCKOPT = NativeFunction.of("setsockopt");

  private Sockets() {}

  /**
   * Calls {@code int socket(int domain, int type, int protocol)}.
   *
   * @see <a href="https://man7.org/linux/man-pages/man2/socket.2.html">socket(2)</a>
   */
  static int socket(int domain, int type) {
    return SOCKET.call(domain, type, 0);
  }

  /**
   * Calls {@code int socketpair(int domain, int type, int protocol, int sv[2])}.
   *
   * @see <a href="https://man7.org/linux/man-pages/man2/socketpair.2.html">socketpair(2)</a>
   */
  public static int socketpair(int domain, int type, long pair) {
    return SOCKETPAIR.call(domain, type, 0, pair);
  }

  /**
   * Calls {@code int shutdown(int s, int how)}.
   *
   * @see <a href="https://man7.org/linux/man-pages/man2/shutdown.2.html">shutdown(2)</a>
   */
  public static int shutdown(int fd, int how) {
    return SocketPairs.shutdown(fd, how);
  }

  /**
   * Calls {@code int bind(int s, const struct sockaddr *addr, socklen_t addrlen)}.
   *
   * @see <a href="https://man7.org/linux/man-pages/man2/bind.2.html">bind(2)</a>
   */
  static int bind(int fd, long address, int size) {
    return BIND.call(fd, address, size);
  }

  /**
   * Calls {@code int listen(int s, int backlog)}.
   *
   * @see <a href="https://man7.org/linux/man-pages/man2/listen.2.html">listen(2)</a>
   */
  static int listen(int fd, int backlog) {
    return LISTEN.call(fd, backlog);
  }

  /**
   * Calls {@code int connect(int s, const struct sockaddr *name, socklen_t namelen)}.
   *
   * @see <a href="https://man7.org/linux/man-pages/man2/connect.2.html">connect(2)</a>
   */
  static int connect(int fd, long address, int size) {
    return CONNECT.call(fd, address, size);
  }

  /**
   * Calls {@code int accept4(int s, struct sockaddr *addr, socklen_t *addrlen, int flags)}.
   *
   * @see <a href="https://man7.org/linux/man-pages/man2/accept4.2.html">accept4(2)</a>
   */
  static int accept4(int fd, int flags) {
    return ACCEPT4.call(fd, 0, 0, flags);
  }

  /**
   * Calls {@code ssize_t sendmsg(int s, const struct msghdr *msg, int flags)}.
   *
   * @see <a href="https://man7.org/linux/man-pages/man2/sendmsg.2.html">sendmsg(2)</a>
   */
  public static int sendmsg(int fd, long header, int flags) {
    return SENDMSG.call(fd, header, flags);
  }

  /**
   * Calls {@code ssize_t recvmsg(int s, struct msghdr *msg, int flags)}.
   *
   * @see <a href="https://man7.org/linux/man-pages/man2/recvmsg.2.html">recvmsg(2)</a>
   */
  static int recvmsg(int fd, long header, int flags) {
    return RECVMSG.call(fd, header, flags);
  }

  /**
   * Calls {@code int getsockopt(int s, int level, int optname, void *optval, socklen_t *optlen)}.
   *
   * @see <a href="https://man7.org/linux/man-pages/man2/getsockopt.2.html">getsockopt(2)</a>
   */
  public static int getsockopt(int fd, int level, int name, long value, long size) {
    return GETSOCKOPT.call(fd, level, name, value, size);
  }

  /**
   * Calls {@code int setsockopt(int s, int level, int optname, const void *optval, socklen_t len)}.
   *
   * @see <a href="https://man7.org/linux/man-pages/man2/setsockopt.2.html">setsockopt(2)</a>
   */
  public static int setsockopt(int fd, int level, int name, long value, int size) {
    return SETSOCKOPT.call(fd, level, name, value, size);
  }
}
