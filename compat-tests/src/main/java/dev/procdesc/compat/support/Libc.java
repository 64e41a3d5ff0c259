package dev.procdesc.compat.support;

import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import jnr.constants.platform.Errno;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;
import jnr.ffi.annotations.In;
import jnr.ffi.annotations.Out;
import org.jspecify.annotations.Nullable;

/**
 * The functions of the C library that concern this JVM: descriptors, limits, dispositions and the
 * like. The tests have a separate binding, so that they share no mistake with the library. It uses
 * jnr-ffi, which starts quickly; {@link Host} uses jnr-posix.
 */
public final class Libc {
  /** The functions that all systems have, under their C names. */
  public static final Functions C = load(Functions.class);

  /** The native runtime. */
  public static final Runtime RUNTIME = Runtime.getRuntime(C);

  /** {@code FD_CLOEXEC}, the same on every system. */
  public static final int FD_CLOEXEC = 1;

  /** {@code SIG_DFL}, the same on every system. */
  public static final long SIG_DFL = 0;

  /** {@code SIG_IGN}, the same on every system. */
  public static final long SIG_IGN = 1;

  private Libc() {}

  /** The functions, under their C names; they report errors by {@code -1} and errno. */
  public interface Functions {
    /** {@code pid_t getsid(pid_t)}. */
    int getsid(int pid);

    /** {@code pid_t tcgetpgrp(int)}. */
    int tcgetpgrp(int fd);

    /** {@code int getpriority(int, id_t)}; 0 is PRIO_PROCESS on every system. */
    int getpriority(int which, int who);

    /** {@code uid_t geteuid(void)}. */
    int geteuid();

    /** {@code int setuid(uid_t)}. */
    int setuid(int uid);

    /** {@code int setgroups(size_t, const gid_t *)}. */
    int setgroups(long count, @In int[] groups);

    /** {@code int pipe(int[2])}. */
    int pipe(@Out int[] ends);

    /** {@code int open(const char *, int, mode_t)}. */
    int open(String path, int flags, int mode);

    /** {@code int mkfifo(const char *, mode_t)}. */
    int mkfifo(String path, int mode);

    /** {@code int close(int)}. */
    int close(int fd);

    /** {@code int dup(int)}. */
    int dup(int fd);

    /** {@code int dup2(int, int)}. */
    int dup2(int from, int to);

    /** {@code int fcntl(int, int, int)}. */
    int fcntl(int fd, int command, int argument);

    /** {@code ssize_t read(int, void *, size_t)}. */
    long read(int fd, @Out byte[] buffer, long size);

    /** {@code ssize_t write(int, const void *, size_t)}. */
    long write(int fd, @In byte[] buffer, long size);

    /** {@code int poll(struct pollfd *, nfds_t, int)}. */
    int poll(Pointer pollfds, long count, int timeout);

    /** {@code int getrlimit(int, struct rlimit *)}. */
    int getrlimit(int resource, @Out long[] softAndHard);

    /** {@code int setrlimit(int, const struct rlimit *)}. */
    int setrlimit(int resource, @In long[] softAndHard);

    /** {@code sighandler_t signal(int, sighandler_t)}. */
    long signal(int signal, long handler);

    /** {@code int sigemptyset(sigset_t *)}. */
    int sigemptyset(Pointer set);

    /** {@code int sigaddset(sigset_t *, int)}. */
    int sigaddset(Pointer set, int signal);

    /** {@code int pthread_sigmask(int, const sigset_t *, sigset_t *)}. */
    int pthread_sigmask(int how, Pointer set, @Nullable Pointer old);

    /** {@code int posix_openpt(int)}. */
    int posix_openpt(int flags);

    /** {@code int grantpt(int)}. */
    int grantpt(int fd);

    /** {@code int unlockpt(int)}. */
    int unlockpt(int fd);

    /** {@code char *ptsname(int)}. */
    String ptsname(int fd);

    /** {@code int chroot(const char *)}. */
    int chroot(String path);

    /** {@code int chdir(const char *)}. */
    int chdir(String path);

    /** {@code mode_t umask(mode_t)}. */
    int umask(int mask);
  }

  static <T> T load(Class<T> functions) {
    return LibraryLoader.create(functions)
        .load(jnr.ffi.Platform.getNativePlatform().getStandardCLibraryName());
  }

  /** Returns the error of the last call in this thread. */
  public static Errno errno() {
    return Errno.valueOf(RUNTIME.getLastError());
  }

  /** Returns the result of a call that must not fail. */
  public static int check(IntSupplier call) {
    return (int) checkLong(call::getAsInt);
  }

  /** Returns the result of a call that must not fail. */
  public static long checkLong(LongSupplier call) {
    long result = call.getAsLong();
    if (result == -1) {
      throw new AssertionError("a system call of the test failed: " + errno());
    }
    return result;
  }
}
