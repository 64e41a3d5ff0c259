package dev.procdesc.linux.kernel;

import dev.procdesc.posix.ffi.NativeFunction;

/**
 * Binds the functions that only Linux has, under their C names. Each method returns the function's
 * result, or {@code -errno}. If the C library has no wrapper, or one that is younger than the
 * kernel's call, the call is made through {@code syscall}.
 */
public final class Syscalls {
  private static final NativeFunction SYSCALL = NativeFunction.of("syscall");
  private static final NativeFunction EPOLL_CREATE1 = NativeFunction.of("epoll_create1");
  private static final NativeFunction EPOLL_CTL = NativeFunction.of("epoll_ctl");
  private static final NativeFunction EPOLL_WAIT = NativeFunction.of("epoll_wait");
  private static final NativeFunction EVENTFD = NativeFunction.of("eventfd");
  private static final NativeFunction RECV = NativeFunction.of("recv");
  private static final NativeFunction GETPID = NativeFunction.of("getpid");
  private static final NativeFunction UNAME = NativeFunction.of("uname");
  private static final NativeFunction PRCTL = NativeFunction.of("prctl");

  private Syscalls() {}

  /**
   * {@code waitid(idtype, id, infop, options, rusage)}; the C library's function has no rusage.
   * Fails with ECHILD if the process is not a child or was reaped, EBADF if the descriptor is not
   * open, EINVAL if it is no pidfd or P_PIDFD is unknown.
   *
   * @see <a href="https://man7.org/linux/man-pages/man2/waitid.2.html">waitid(2), Linux</a>
   */
  public static int waitid(int idtype, int id, long siginfo, int options, long rusage) {
    return SYSCALL.call(Numbers.SYS_WAITID, idtype, id, siginfo, options, rusage);
  }

  /**
   * {@code pidfd_send_signal(pidfd, sig, info, flags)}. Fails with ESRCH if the process was reaped,
   * EPERM without permission, EINVAL for an unknown signal or flag, EBADF if the descriptor is no
   * pidfd.
   *
   * @see <a
   *     href="https://man7.org/linux/man-pages/man2/pidfd_send_signal.2.html">pidfd_send_signal(2),
   *     Linux</a>
   */
  public static int pidfdSendSignal(int pidfd, int signal, long siginfo, int flags) {
    return SYSCALL.call(Numbers.SYS_PIDFD_SEND_SIGNAL, pidfd, signal, siginfo, flags);
  }

  /**
   * {@code close_range(first, last, flags)}. Fails with EINVAL if first is above last or a flag is
   * unknown.
   *
   * @see <a href="https://man7.org/linux/man-pages/man2/close_range.2.html">close_range(2),
   *     Linux</a>
   */
  static int closeRange(int first, int last, int flags) {
    return SYSCALL.call(Numbers.SYS_CLOSE_RANGE, first, last, flags);
  }

  /**
   * {@code prlimit(0, resource, NULL, old_limit)}. Fails with EINVAL for an unknown resource.
   *
   * @see <a href="https://man7.org/linux/man-pages/man2/prlimit.2.html">prlimit(2), Linux</a>
   */
  static int getrlimit(int resource, long limit) {
    return SYSCALL.call(Numbers.SYS_PRLIMIT64, 0, resource, 0, limit);
  }

  /**
   * {@code rt_sigaction(signum, act, oldact, sigsetsize)}. Fails with EINVAL for a number that is
   * no signal.
   *
   * @see <a href="https://man7.org/linux/man-pages/man2/sigaction.2.html">sigaction(2), Linux</a>
   */
  public static int rtSigaction(int signal, long action, long oldAction) {
    return SYSCALL.call(Numbers.SYS_RT_SIGACTION, signal, action, oldAction, Numbers.SIGSET_SIZE);
  }

  /**
   * {@code int epoll_create1(int flags)}. Fails with EMFILE or ENFILE if there are too many open
   * descriptors.
   *
   * @see <a href="https://man7.org/linux/man-pages/man2/epoll_create.2.html">epoll_create(2),
   *     Linux</a>
   */
  public static int epollCreate1(int flags) {
    return EPOLL_CREATE1.call(flags);
  }

  /**
   * {@code int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)}. Fails with EEXIST
   * or ENOENT if the descriptor is already or not yet registered, EPERM if it cannot be polled,
   * ENOSPC at the limit of watches.
   *
   * @see <a href="https://man7.org/linux/man-pages/man2/epoll_ctl.2.html">epoll_ctl(2), Linux</a>
   */
  public static int epollCtl(int epfd, int operation, int fd, long event) {
    return EPOLL_CTL.call(epfd, operation, fd, event);
  }

  /**
   * {@code int epoll_wait(int epfd, struct epoll_event *events, int maxevents, int timeout)}. Fails
   * with EINTR if a signal handler interrupts it.
   *
   * @see <a href="https://man7.org/linux/man-pages/man2/epoll_wait.2.html">epoll_wait(2), Linux</a>
   */
  public static int epollWait(int epfd, long events, int count, int timeoutMillis) {
    return EPOLL_WAIT.call(epfd, events, count, timeoutMillis);
  }

  /**
   * {@code int eventfd(unsigned initval, int flags)}. Fails with EMFILE or ENFILE if there are too
   * many open descriptors.
   *
   * @see <a href="https://man7.org/linux/man-pages/man2/eventfd.2.html">eventfd(2), Linux</a>
   */
  public static int eventfd(int initial, int flags) {
    return EVENTFD.call(initial, flags);
  }

  /**
   * {@code ssize_t recv(int fd, void *buf, size_t size, int flags)}. Fails with EAGAIN if no
   * message is queued and the socket does not block, EINTR if a signal handler interrupts it,
   * ECONNRESET if the peer closed with unread messages.
   *
   * @see <a href="https://man7.org/linux/man-pages/man2/recv.2.html">recv(2), Linux</a>
   */
  public static int recv(int fd, long buffer, int size, int flags) {
    return RECV.call(fd, buffer, size, flags);
  }

  /**
   * {@code memfd_create(name, flags)}. Fails with EINVAL for an unknown flag, EACCES if
   * vm.memfd_noexec forbids an executable one, EMFILE or ENFILE if there are too many open
   * descriptors.
   *
   * @see <a href="https://man7.org/linux/man-pages/man2/memfd_create.2.html">memfd_create(2),
   *     Linux</a>
   */
  public static int memfdCreate(long name, int flags) {
    return SYSCALL.call(Numbers.SYS_MEMFD_CREATE, name, flags);
  }

  /**
   * {@code pidfd_open(pid, flags)}. Fails with ESRCH if no process has the ID, EINVAL for an
   * invalid ID or flag, EMFILE if there are too many open descriptors.
   *
   * @see <a href="https://man7.org/linux/man-pages/man2/pidfd_open.2.html">pidfd_open(2), Linux</a>
   */
  public static int pidfdOpen(int pid, int flags) {
    return SYSCALL.call(Numbers.SYS_PIDFD_OPEN, pid, flags);
  }

  /**
   * {@code statx(dirfd, pathname, flags, mask, statxbuf)}; in contrast to stat, its layout is the
   * same on all architectures. Fails with ENOENT if the path does not exist, EBADF if the
   * descriptor is not open.
   *
   * @see <a href="https://man7.org/linux/man-pages/man2/statx.2.html">statx(2), Linux</a>
   */
  public static int statx(int fd, long path, int flags, int mask, long statx) {
    return SYSCALL.call(Numbers.SYS_STATX, fd, path, flags, mask, statx);
  }

  /**
   * {@code fstatfs(fd, buf)}. Fails with EBADF if the descriptor is not open.
   *
   * @see <a href="https://man7.org/linux/man-pages/man2/statfs.2.html">statfs(2), Linux</a>
   */
  public static int fstatfs(int fd, long statfs) {
    return SYSCALL.call(Numbers.SYS_FSTATFS, fd, statfs);
  }

  /**
   * {@code seccomp(operation, flags, args)}. Fails with EINVAL for an unknown operation or an
   * invalid filter, EOPNOTSUPP for an unknown action, EACCES without no-new-privileges or
   * CAP_SYS_ADMIN.
   *
   * @see <a href="https://man7.org/linux/man-pages/man2/seccomp.2.html">seccomp(2), Linux</a>
   */
  public static int seccomp(int operation, int flags, long argument) {
    return SYSCALL.call(Numbers.SYS_SECCOMP, operation, flags, argument);
  }

  /**
   * {@code pid_t getpid(void)}.
   *
   * @see <a href="https://man7.org/linux/man-pages/man2/getpid.2.html">getpid(2), Linux</a>
   */
  public static int getpid() {
    return GETPID.call();
  }

  /**
   * {@code pid_t gettid(void)}; the C library has the function since glibc 2.30 only.
   *
   * @see <a href="https://man7.org/linux/man-pages/man2/gettid.2.html">gettid(2), Linux</a>
   */
  static int gettid() {
    return SYSCALL.call(Numbers.SYS_GETTID);
  }

  /**
   * {@code int uname(struct utsname *buf)}.
   *
   * @see <a href="https://man7.org/linux/man-pages/man2/uname.2.html">uname(2), Linux</a>
   */
  public static int uname(long buffer) {
    return UNAME.call(buffer);
  }

  /**
   * {@code int prctl(int option, unsigned long arg2)}. Fails with EINVAL for an unknown option.
   *
   * @see <a href="https://man7.org/linux/man-pages/man2/prctl.2.html">prctl(2), Linux</a>
   */
  public static int prctl(int option, long argument) {
    return PRCTL.call(option, argument, 0, 0, 0);
  }
}
