package dev.procdesc.posix.channel;

import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeFunction;

/**
 * The functions of the C library for sockets, under their C names; apart from {@link LibC}, so that
 * a spawn does not look them up. Each returns what the function returns, or {@code -errno}.
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

  /** {@code int socket(int domain, int type, int protocol)}. */
  static int socket(int domain, int type) {
    return SOCKET.call(domain, type, 0);
  }

  /** {@code int socketpair(int domain, int type, int protocol, int sv[2])}. */
  public static int socketpair(int domain, int type, long pair) {
    return SOCKETPAIR.call(domain, type, 0, pair);
  }

  /** {@code int bind(int s, const struct sockaddr *addr, socklen_t addrlen)}. */
  static int bind(int fd, long address, int size) {
    return BIND.call(fd, address, size);
  }

  /** {@code int listen(int s, int backlog)}. */
  static int listen(int fd, int backlog) {
    return LISTEN.call(fd, backlog);
  }

  /** {@code int connect(int s, const struct sockaddr *name, socklen_t namelen)}. */
  static int connect(int fd, long address, int size) {
    return CONNECT.call(fd, address, size);
  }

  /** {@code int accept4(int s, struct sockaddr *addr, socklen_t *addrlen, int flags)}. */
  static int accept4(int fd, int flags) {
    return ACCEPT4.call(fd, 0, 0, flags);
  }

  /** {@code ssize_t sendmsg(int s, const struct msghdr *msg, int flags)}. */
  public static int sendmsg(int fd, long header, int flags) {
    return SENDMSG.call(fd, header, flags);
  }

  /** {@code ssize_t recvmsg(int s, struct msghdr *msg, int flags)}. */
  static int recvmsg(int fd, long header, int flags) {
    return RECVMSG.call(fd, header, flags);
  }

  /** {@code int getsockopt(int s, int level, int optname, void *optval, socklen_t *optlen)}. */
  public static int getsockopt(int fd, int level, int name, long value, long size) {
    return GETSOCKOPT.call(fd, level, name, value, size);
  }

  /** {@code int setsockopt(int s, int level, int optname, const void *optval, socklen_t len)}. */
  public static int setsockopt(int fd, int level, int name, long value, int size) {
    return SETSOCKOPT.call(fd, level, name, value, size);
  }
}
