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

  /** {@code waitid(idtype, id, infop, options, rusage)}; the C library's function has no rusage. */
  public static int waitid(int idtype, int id, long siginfo, int options, long rusage) {
    return SYSCALL.call(Numbers.SYS_WAITID, idtype, id, siginfo, options, rusage);
  }

  /** {@code pidfd_send_signal(pidfd, sig, info, flags)}. */
  public static int pidfdSendSignal(int pidfd, int signal, long siginfo, int flags) {
    return SYSCALL.call(Numbers.SYS_PIDFD_SEND_SIGNAL, pidfd, signal, siginfo, flags);
  }

  /** {@code close_range(first, last, flags)}. */
  static int closeRange(int first, int last, int flags) {
    return SYSCALL.call(Numbers.SYS_CLOSE_RANGE, first, last, flags);
  }

  /** {@code prlimit(0, resource, NULL, old_limit)}. */
  static int getrlimit(int resource, long limit) {
    return SYSCALL.call(Numbers.SYS_PRLIMIT64, 0, resource, 0, limit);
  }

  /** {@code rt_sigaction(signum, act, oldact, sigsetsize)}. */
  public static int rtSigaction(int signal, long action, long oldAction) {
    return SYSCALL.call(Numbers.SYS_RT_SIGACTION, signal, action, oldAction, Numbers.SIGSET_SIZE);
  }

  /** {@code int epoll_create1(int flags)}. */
  public static int epollCreate1(int flags) {
    return EPOLL_CREATE1.call(flags);
  }

  /** {@code int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)}. */
  public static int epollCtl(int epfd, int operation, int fd, long event) {
    return EPOLL_CTL.call(epfd, operation, fd, event);
  }

  /** {@code int epoll_wait(int epfd, struct epoll_event *events, int maxevents, int timeout)}. */
  public static int epollWait(int epfd, long events, int count, int timeoutMillis) {
    return EPOLL_WAIT.call(epfd, events, count, timeoutMillis);
  }

  /** {@code int eventfd(unsigned initval, int flags)}. */
  public static int eventfd(int initial, int flags) {
    return EVENTFD.call(initial, flags);
  }

  /** {@code ssize_t recv(int fd, void *buf, size_t size, int flags)}. */
  public static int recv(int fd, long buffer, int size, int flags) {
    return RECV.call(fd, buffer, size, flags);
  }

  /** {@code memfd_create(name, flags)}. */
  public static int memfdCreate(long name, int flags) {
    return SYSCALL.call(Numbers.SYS_MEMFD_CREATE, name, flags);
  }

  /** {@code pidfd_open(pid, flags)}. */
  public static int pidfdOpen(int pid, int flags) {
    return SYSCALL.call(Numbers.SYS_PIDFD_OPEN, pid, flags);
  }

  /**
   * {@code statx(dirfd, pathname, flags, mask, statxbuf)}; in contrast to stat, its layout is the
   * same on all architectures.
   */
  public static int statx(int fd, long path, int flags, int mask, long statx) {
    return SYSCALL.call(Numbers.SYS_STATX, fd, path, flags, mask, statx);
  }

  /** {@code fstatfs(fd, buf)}. */
  public static int fstatfs(int fd, long statfs) {
    return SYSCALL.call(Numbers.SYS_FSTATFS, fd, statfs);
  }

  /** {@code seccomp(operation, flags, args)}. */
  public static int seccomp(int operation, int flags, long argument) {
    return SYSCALL.call(Numbers.SYS_SECCOMP, operation, flags, argument);
  }

  /** {@code pid_t getpid(void)}. */
  public static int getpid() {
    return GETPID.call();
  }

  /** {@code int uname(struct utsname *buf)}. */
  public static int uname(long buffer) {
    return UNAME.call(buffer);
  }

  /** {@code int prctl(int option, unsigned long arg2)}. */
  public static int prctl(int option, long argument) {
    return PRCTL.call(option, argument, 0, 0, 0);
  }
}
