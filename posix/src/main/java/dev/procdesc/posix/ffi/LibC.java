package dev.procdesc.posix.ffi;

/**
 * The functions of the C library that both systems have, under their C names. Each returns what the
 * function returns, or {@code -errno}.
 */
public final class LibC {
  private static final NativeFunction READ = NativeFunction.of("read");
  private static final NativeFunction WRITE = NativeFunction.of("write");
  private static final NativeFunction CLOSE = NativeFunction.of("close");
  private static final NativeFunction FCNTL = NativeFunction.of("fcntl");
  private static final NativeFunction IOCTL = NativeFunction.of("ioctl");
  private static final NativeFunction OPEN = NativeFunction.of("open");
  private static final NativeFunction PIPE2 = NativeFunction.of("pipe2");
  private static final NativeFunction DUP3 = NativeFunction.of("dup3");
  private static final NativeFunction POLL = NativeFunction.of("poll");
  private static final NativeFunction MMAP = NativeFunction.of("mmap");
  private static final NativeFunction MPROTECT = NativeFunction.of("mprotect");
  private static final NativeFunction MUNMAP = NativeFunction.of("munmap");
  private static final NativeFunction FTRUNCATE = NativeFunction.of("ftruncate");

  private LibC() {}

  /** {@code ssize_t read(int fd, void *buf, size_t nbytes)}. */
  public static long read(int fd, long buffer, long count) {
    return READ.callLong(fd, buffer, count);
  }

  /** {@code ssize_t write(int fd, const void *buf, size_t nbytes)}. */
  public static long write(int fd, long buffer, long count) {
    return WRITE.callLong(fd, buffer, count);
  }

  /**
   * {@code int close(int fd)}. Never repeated on EINTR: the descriptor is gone on both systems, and
   * another thread may have the number already.
   */
  public static int close(int fd) {
    return CLOSE.call(fd);
  }

  /** {@code int fcntl(int fd, int cmd, int arg)}: as a variadic word it passes like any other. */
  public static int fcntl(int fd, int command, int argument) {
    return FCNTL.call(fd, command, argument);
  }

  /** {@code int open(const char *path, int flags, mode_t mode)}. */
  public static int open(long path, int flags, int mode) {
    return OPEN.call(path, flags, mode);
  }

  /** {@code int pipe2(int fildes[2], int flags)}. */
  public static int pipe2(long pair, int flags) {
    return PIPE2.call(pair, flags);
  }

  /** {@code int dup3(int oldd, int newd, int flags)}. */
  public static int dup3(int from, int to, int flags) {
    return DUP3.call(from, to, flags);
  }

  /** {@code int poll(struct pollfd fds[], nfds_t nfds, int timeout)}. */
  public static int poll(long pollfds, int count, int timeoutMillis) {
    return POLL.call(pollfds, count, timeoutMillis);
  }

  /** {@code void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset)}. */
  public static long mmap(long length, int protection, int flags) {
    return mmap(length, protection, flags, -1, 0);
  }

  /** The same, of a file. */
  public static long mmap(long length, int protection, int flags, int fd, long offset) {
    return MMAP.callLong(0, length, protection, flags, fd, offset);
  }

  /** {@code int ftruncate(int fd, off_t length)}. */
  public static int ftruncate(int fd, long length) {
    return FTRUNCATE.call(fd, length);
  }

  /** {@code int mprotect(void *addr, size_t len, int prot)}. */
  public static int mprotect(long address, long length, int protection) {
    return MPROTECT.call(address, length, protection);
  }

  /** {@code int munmap(void *addr, size_t len)}. */
  public static int munmap(long address, long length) {
    return MUNMAP.call(address, length);
  }

  /** {@code int ioctl(int fd, unsigned long request, void *argp)}. */
  public static int ioctl(int fd, long request, long argument) {
    return IOCTL.call(fd, request, argument);
  }
}
