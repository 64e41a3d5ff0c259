package dev.procdesc.posix.ffi;

/**
 * Binds the functions of the C library that both systems have, under their C names. Each method
 * returns the result of the function, or {@code -errno}.
 *
 * <p>No method repeats a call that failed with {@code EINTR}. The links lead to the manual of
 * Linux; <a href="https://man.freebsd.org/cgi/man.cgi">that of FreeBSD</a> has pages of the same
 * names.
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
  private static final NativeFunction GETPGID = NativeFunction.of("getpgid");
  private static final NativeFunction PTHREAD_SIGMASK = NativeFunction.of("pthread_sigmask");

  private LibC() {}

  /**
   * Calls {@code ssize_t read(int fd, void *buf, size_t nbytes)}.
   *
   * @see <a href="https://man7.org/linux/man-pages/man2/read.2.html">read(2)</a>
   */
  public static long read(int fd, long buffer, long count) {
    return READ.callLong(fd, buffer, count);
  }

  /**
   * Calls {@code ssize_t write(int fd, const void *buf, size_t nbytes)}.
   *
   * @see <a href="https://man7.org/linux/man-pages/man2/write.2.html">write(2)</a>
   */
  public static long write(int fd, long buffer, long count) {
    return WRITE.callLong(fd, buffer, count);
  }

  /**
   * Calls {@code int close(int fd)}. The call is never repeated after EINTR: the descriptor is
   * closed on both systems, and another thread may already have the number.
   *
   * @see <a href="https://man7.org/linux/man-pages/man2/close.2.html">close(2)</a>
   */
  public static int close(int fd) {
    return CLOSE.call(fd);
  }

  /**
   * Calls {@code int fcntl(int fd, int cmd, int arg)}. A variadic word is passed like any other
   * argument.
   *
   * @see <a href="https://man7.org/linux/man-pages/man2/fcntl.2.html">fcntl(2)</a>
   */
  public static int fcntl(int fd, int command, int argument) {
    return FCNTL.call(fd, command, argument);
  }

  /**
   * Calls {@code int open(const char *path, int flags, mode_t mode)}.
   *
   * @see <a href="https://man7.org/linux/man-pages/man2/open.2.html">open(2)</a>
   */
  public static int open(long path, int flags, int mode) {
    return OPEN.call(path, flags, mode);
  }

  /**
   * Calls {@code int pipe2(int fildes[2], int flags)}.
   *
   * @see <a href="https://man7.org/linux/man-pages/man2/pipe2.2.html">pipe2(2)</a>
   */
  public static int pipe2(long pair, int flags) {
    return PIPE2.call(pair, flags);
  }

  /**
   * Calls {@code int dup3(int oldd, int newd, int flags)}.
   *
   * @see <a href="https://man7.org/linux/man-pages/man2/dup3.2.html">dup3(2)</a>
   */
  public static int dup3(int from, int to, int flags) {
    return DUP3.call(from, to, flags);
  }

  /**
   * Calls {@code int poll(struct pollfd fds[], nfds_t nfds, int timeout)}.
   *
   * @see <a href="https://man7.org/linux/man-pages/man2/poll.2.html">poll(2)</a>
   */
  public static int poll(long pollfds, int count, int timeoutMillis) {
    return POLL.call(pollfds, count, timeoutMillis);
  }

  /**
   * Calls {@code void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset)} for
   * an anonymous mapping at an address that the kernel chooses.
   *
   * @see <a href="https://man7.org/linux/man-pages/man2/mmap.2.html">mmap(2)</a>
   */
  public static long mmap(long length, int protection, int flags) {
    return mmap(length, protection, flags, -1, 0);
  }

  /**
   * Calls {@code void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset)} for
   * a file at an address that the kernel chooses.
   *
   * @see <a href="https://man7.org/linux/man-pages/man2/mmap.2.html">mmap(2)</a>
   */
  public static long mmap(long length, int protection, int flags, int fd, long offset) {
    return MMAP.callLong(0, length, protection, flags, fd, offset);
  }

  /**
   * Calls {@code int ftruncate(int fd, off_t length)}.
   *
   * @see <a href="https://man7.org/linux/man-pages/man2/ftruncate.2.html">ftruncate(2)</a>
   */
  public static int ftruncate(int fd, long length) {
    return FTRUNCATE.call(fd, length);
  }

  /**
   * Calls {@code int mprotect(void *addr, size_t len, int prot)}.
   *
   * @see <a href="https://man7.org/linux/man-pages/man2/mprotect.2.html">mprotect(2)</a>
   */
  public static int mprotect(long address, long length, int protection) {
    return MPROTECT.call(address, length, protection);
  }

  /**
   * Calls {@code int munmap(void *addr, size_t len)}.
   *
   * @see <a href="https://man7.org/linux/man-pages/man2/munmap.2.html">munmap(2)</a>
   */
  public static int munmap(long address, long length) {
    return MUNMAP.call(address, length);
  }

  /**
   * Calls {@code int ioctl(int fd, unsigned long request, void *argp)}.
   *
   * @see <a href="https://man7.org/linux/man-pages/man2/ioctl.2.html">ioctl(2)</a>
   */
  public static int ioctl(int fd, long request, long argument) {
    return IOCTL.call(fd, request, argument);
  }

  /**
   * Calls {@code pid_t getpgid(pid_t pid)}; 0 is this process.
   *
   * @see <a href="https://man7.org/linux/man-pages/man2/getpgid.2.html">getpgid(2)</a>
   */
  public static int getpgid(int pid) {
    return GETPGID.call(pid);
  }

  /**
   * Calls {@code int pthread_sigmask(int how, const sigset_t *set, sigset_t *oset)}. Returns an
   * error number, and not {@code -errno}.
   *
   * @see <a
   *     href="https://man7.org/linux/man-pages/man3/pthread_sigmask.3.html">pthread_sigmask(3)</a>
   */
  public static int pthreadSigmask(int how, long set, long old) {
    return PTHREAD_SIGMASK.call(how, set, old);
  }
}
