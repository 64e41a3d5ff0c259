package dev.procdesc.freebsd.kernel;

import dev.procdesc.posix.ffi.NativeFunction;
import java.util.Optional;

/**
 * Binds the functions that only FreeBSD has, or has in a different form, under their C names. Each
 * method returns the function's result, or {@code -errno}.
 *
 * <p>{@code syscall} is never used: a number that the kernel does not know raises SIGSYS, which
 * would end the JVM. Functions that an older C library lacks are resolved by name; whether the
 * kernel has them is probed in a child that ends at once, see {@link Probes}.
 */
public final class Syscalls {
  private static final NativeFunction PDKILL = NativeFunction.of("pdkill");
  private static final NativeFunction PDGETPID = NativeFunction.of("pdgetpid");
  private static final Optional<NativeFunction> PDWAIT = NativeFunction.find("pdwait");
  private static final Optional<NativeFunction> PDOPENPID = NativeFunction.find("pdopenpid");
  private static final NativeFunction WAIT6 = NativeFunction.of("wait6");
  private static final NativeFunction KQUEUE = NativeFunction.of("kqueue");
  private static final NativeFunction KEVENT = NativeFunction.of("kevent");
  private static final NativeFunction KILLPG = NativeFunction.of("killpg");
  private static final NativeFunction SYSCTL = NativeFunction.of("sysctl");
  private static final NativeFunction SIGACTION = NativeFunction.of("sigaction");
  private static final NativeFunction GETRLIMIT = NativeFunction.of("getrlimit");
  private static final NativeFunction GETEGID = NativeFunction.of("getegid");
  private static final NativeFunction PROCCTL = NativeFunction.of("procctl");
  private static final Optional<NativeFunction> CAP_RIGHTS_LIMIT =
      NativeFunction.find("cap_rights_limit");
  private static final Optional<NativeFunction> CAP_RIGHTS_GET =
      NativeFunction.find("__cap_rights_get");
  private static final Optional<NativeFunction> CAP_ENTER = NativeFunction.find("cap_enter");
  private static final NativeFunction PREAD = NativeFunction.of("pread");
  private static final NativeFunction FSTAT = NativeFunction.of("fstat");
  private static final NativeFunction XUNAME = NativeFunction.of("__xuname");

  /** The functions for terminals, which few programs need. */
  private static final class Terminals {
    static final NativeFunction POSIX_OPENPT = NativeFunction.of("posix_openpt");

    private Terminals() {}
  }

  private Syscalls() {}

  /**
   * {@code int posix_openpt(int oflag)}. Fails with EAGAIN if the limit on terminals is reached.
   *
   * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=posix_openpt&amp;sektion=2">
   *     posix_openpt(2), FreeBSD</a>
   */
  static int posixOpenpt(int flags) {
    return Terminals.POSIX_OPENPT.call(flags);
  }

  /**
   * {@code int pdkill(int fd, int signum)}. Fails with ESRCH if the process was reaped, EPERM
   * without permission, EINVAL for an unknown signal, ENOTCAPABLE without CAP_PDKILL, EBADF if the
   * descriptor is no process descriptor.
   *
   * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=pdkill&amp;sektion=2">pdkill(2),
   *     FreeBSD</a>
   */
  public static int pdkill(int fd, int signal) {
    return PDKILL.call(fd, signal);
  }

  /**
   * {@code int pdgetpid(int fd, pid_t *pidp)}. Fails with ENOTCAPABLE without CAP_PDGETPID, EBADF
   * if the descriptor is no process descriptor.
   *
   * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=pdgetpid&amp;sektion=2">pdgetpid(2),
   *     FreeBSD</a>
   */
  public static int pdgetpid(int fd, long pid) {
    return PDGETPID.call(fd, pid);
  }

  /** Returns whether the C library has pdwait. */
  static boolean hasPdwait() {
    return PDWAIT.isPresent();
  }

  /**
   * {@code int pdwait(int fd, int *status, int options, struct __wrusage *, siginfo_t *)}. Fails
   * with ESRCH if the process was reaped, EINVAL if the descriptor is no process descriptor,
   * ENOTCAPABLE without CAP_PDWAIT, EBADF if it is not open.
   *
   * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=pdwait&amp;sektion=2">pdwait(2),
   *     FreeBSD</a>
   */
  public static int pdwait(int fd, long status, int options, long usage, long siginfo) {
    return PDWAIT.orElseThrow().call(fd, status, options, usage, siginfo);
  }

  /** Returns whether the C library has pdopenpid. */
  static boolean hasPdopenpid() {
    return PDOPENPID.isPresent();
  }

  /**
   * {@code int pdopenpid(pid_t pid, int flags)}. Fails with ESRCH if no process has the ID, EPERM
   * without the right to debug the process, EBUSY if it is exiting, EINVAL for an unknown flag,
   * ECAPMODE in capability mode.
   *
   * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=pdopenpid&amp;sektion=2">pdopenpid(2),
   *     FreeBSD</a>
   */
  public static int pdopenpid(int pid, int flags) {
    return PDOPENPID.orElseThrow().call(pid, flags);
  }

  /**
   * {@code pid_t wait6(idtype_t, id_t id, int *status, int options, struct __wrusage *, siginfo_t
   * *)}. Fails with ECHILD if there is no such child, EINTR if a signal handler interrupts it,
   * ECAPMODE in capability mode.
   *
   * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=wait6&amp;sektion=2">wait6(2),
   *     FreeBSD</a>
   */
  public static int wait6(int idtype, long id, long status, int options, long usage, long siginfo) {
    return WAIT6.call(idtype, id, status, options, usage, siginfo);
  }

  /**
   * {@code int kqueue(void)}. Fails with EMFILE or ENFILE if there are too many open descriptors.
   *
   * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=kqueue&amp;sektion=2">kqueue(2),
   *     FreeBSD</a>
   */
  public static int kqueue() {
    return KQUEUE.call();
  }

  /**
   * {@code int kevent(int kq, const struct kevent *changelist, int nchanges, struct kevent
   * *eventlist, int nevents, const struct timespec *timeout)}. Fails with EBADF if a descriptor is
   * not open, EINVAL or ENODEV if it has no such event, ENOENT if an event to delete is not
   * registered, EINTR if a signal handler interrupts it.
   *
   * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=kevent&amp;sektion=2">kevent(2),
   *     FreeBSD</a>
   */
  public static int kevent(
      int kq, long changes, int changeCount, long events, int room, long timeout) {
    return KEVENT.call(kq, changes, changeCount, events, room, timeout);
  }

  /**
   * {@code int killpg(pid_t pgrp, int sig)}. Fails with ESRCH if the group has no member, EPERM if
   * no member may be signalled, ECAPMODE in capability mode.
   *
   * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=killpg&amp;sektion=2">killpg(2),
   *     FreeBSD</a>
   */
  public static int killpg(int group, int signal) {
    return KILLPG.call(group, signal);
  }

  /**
   * {@code int sysctl(const int *name, u_int namelen, void *oldp, size_t *oldlenp, const void
   * *newp, size_t newlen)}. Fails with ENOMEM if the value does not fit, EPERM in capability mode.
   *
   * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=sysctl&amp;sektion=3">sysctl(3),
   *     FreeBSD</a>
   */
  public static int sysctl(
      long name, int nameLength, long old, long oldLength, long value, long valueLength) {
    return SYSCTL.call(name, nameLength, old, oldLength, value, valueLength);
  }

  /**
   * {@code int sigaction(int sig, const struct sigaction *act, struct sigaction *oact)}. Fails with
   * EINVAL for a number that is no signal.
   *
   * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=sigaction&amp;sektion=2">sigaction(2),
   *     FreeBSD</a>
   */
  public static int sigaction(int signal, long action, long oldAction) {
    return SIGACTION.call(signal, action, oldAction);
  }

  /**
   * {@code int getrlimit(int resource, struct rlimit *rlp)}. Fails with EINVAL for an unknown
   * resource.
   *
   * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=getrlimit&amp;sektion=2">getrlimit(2),
   *     FreeBSD</a>
   */
  static int getrlimit(int resource, long limit) {
    return GETRLIMIT.call(resource, limit);
  }

  /**
   * {@code gid_t getegid(void)}.
   *
   * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=getegid&amp;sektion=2">getegid(2),
   *     FreeBSD</a>
   */
  public static long getegid() {
    return GETEGID.call() & 0xFFFF_FFFFL;
  }

  /**
   * {@code int procctl(idtype_t idtype, id_t id, int cmd, void *arg)}. Fails with EINVAL for an
   * unknown command, ECAPMODE in capability mode.
   *
   * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=procctl&amp;sektion=2">procctl(2),
   *     FreeBSD</a>
   */
  static int procctl(int idtype, long id, int command, long argument) {
    return PROCCTL.call(idtype, id, command, argument);
  }

  /** Returns whether the C library has cap_rights_limit and cap_rights_get. */
  public static boolean hasCapRights() {
    return CAP_RIGHTS_LIMIT.isPresent() && CAP_RIGHTS_GET.isPresent();
  }

  /**
   * {@code int cap_rights_limit(int fd, const cap_rights_t *rights)}. Fails with ENOTCAPABLE if the
   * descriptor lacks one of the rights, EBADF if it is not open.
   *
   * @see <a
   *     href="https://man.freebsd.org/cgi/man.cgi?query=cap_rights_limit&amp;sektion=2">cap_rights_limit(2),
   *     FreeBSD</a>
   */
  public static int capRightsLimit(int fd, long rights) {
    return CAP_RIGHTS_LIMIT.orElseThrow().call(fd, rights);
  }

  /**
   * {@code int __cap_rights_get(int version, int fd, cap_rights_t *rights)}. Fails with EBADF if
   * the descriptor is not open.
   *
   * @see <a
   *     href="https://man.freebsd.org/cgi/man.cgi?query=cap_rights_get&amp;sektion=3">cap_rights_get(3),
   *     FreeBSD</a>
   */
  public static int capRightsGet(int fd, long rights) {
    return CAP_RIGHTS_GET.orElseThrow().call(Numbers.CAP_RIGHTS_VERSION, fd, rights);
  }

  /** Returns whether the C library has cap_enter. */
  public static boolean hasCapEnter() {
    return CAP_ENTER.isPresent();
  }

  /**
   * {@code int cap_enter(void)}. Fails with ENOSYS if the kernel was built without capability mode.
   *
   * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=cap_enter&amp;sektion=2">cap_enter(2),
   *     FreeBSD</a>
   */
  public static int capEnter() {
    return CAP_ENTER.orElseThrow().call();
  }

  /**
   * {@code ssize_t pread(int fd, void *buf, size_t nbytes, off_t offset)}. Fails with EBADF if the
   * descriptor is not open for reading, ENOTCAPABLE without CAP_PREAD.
   *
   * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=pread&amp;sektion=2">pread(2),
   *     FreeBSD</a>
   */
  public static int pread(int fd, long buffer, long count, long offset) {
    return PREAD.call(fd, buffer, count, offset);
  }

  /**
   * {@code int fstat(int fd, struct stat *sb)}. Fails with EBADF if the descriptor is not open,
   * ENOTCAPABLE without CAP_FSTAT.
   *
   * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=fstat&amp;sektion=2">fstat(2),
   *     FreeBSD</a>
   */
  public static int fstat(int fd, long status) {
    return FSTAT.call(fd, status);
  }

  /**
   * {@code int __xuname(int namesize, void *namebuf)}, for which uname(3) is a wrapper.
   *
   * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=uname&amp;sektion=3">uname(3),
   *     FreeBSD</a>
   */
  public static int xuname(int fieldSize, long buffer) {
    return XUNAME.call(fieldSize, buffer);
  }
}
