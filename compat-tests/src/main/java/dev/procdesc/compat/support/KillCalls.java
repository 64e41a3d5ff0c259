package dev.procdesc.compat.support;

import dev.procdesc.Signal;
import dev.procdesc.compat.MissingCondition;
import jnr.constants.platform.Errno;
import jnr.ffi.Pointer;
import jnr.ffi.annotations.Out;
import org.jspecify.annotations.Nullable;

/** What the tests of sudden death need of the system beyond {@link Libc}. */
public final class KillCalls {
  private static final Functions C = Libc.load(Functions.class);

  /** Of every architecture. */
  private static final int SYS_PIDFD_SEND_SIGNAL = 424;

  private static final int SYS_PIDFD_OPEN = 434;

  /** More than any system's {@code posix_spawn_file_actions_t}. */
  private static final int FILE_ACTIONS_SIZE = 512;

  private KillCalls() {}

  /** Functions under their C names. */
  public interface Functions {
    /** {@code pid_t setsid(void)}. */
    int setsid();

    /** {@code int posix_spawn_file_actions_init(posix_spawn_file_actions_t *)}. */
    int posix_spawn_file_actions_init(Pointer actions);

    /** {@code int posix_spawn_file_actions_adddup2(posix_spawn_file_actions_t *, int, int)}. */
    int posix_spawn_file_actions_adddup2(Pointer actions, int from, int to);

    /** {@code int posix_spawn_file_actions_destroy(posix_spawn_file_actions_t *)}. */
    int posix_spawn_file_actions_destroy(Pointer actions);

    /** {@code int posix_spawn(pid_t *, const char *, …)}. */
    int posix_spawn(
        @Out int[] pid,
        String path,
        Pointer actions,
        @Nullable Pointer attributes,
        Pointer arguments,
        Pointer environment);
  }

  /** The system call, for the few that the C library of an old system lacks. */
  public interface LinuxFunctions {
    /** {@code long syscall(long, …)}. */
    long syscall(long number, long a, long b, long c, long d);
  }

  /** Makes this process the leader of a session, and of a process group, of its own. */
  public static void newSession() {
    Libc.check(C::setsid);
  }

  /**
   * Starts a program with exactly these descriptors, and those that are not close-on-exec.
   *
   * @param descriptors those that it gets as 0, 1, 2 and so on; none has such a number itself
   * @return its PID, which is nobody else's until it is waited for
   */
  static int spawn(String path, Pointer arguments, Pointer environment, int... descriptors) {
    Pointer actions = Libc.RUNTIME.getMemoryManager().allocateDirect(FILE_ACTIONS_SIZE, true);
    check(C.posix_spawn_file_actions_init(actions));
    for (int i = 0; i < descriptors.length; i++) {
      check(C.posix_spawn_file_actions_adddup2(actions, descriptors[i], i));
    }
    int[] pid = new int[1];
    check(C.posix_spawn(pid, path, actions, null, arguments, environment));
    check(C.posix_spawn_file_actions_destroy(actions));
    return pid[0];
  }

  private static void check(int error) {
    if (error != 0) {
      throw new AssertionError("posix_spawn: " + Errno.valueOf(error));
    }
  }

  private static LinuxFunctions linux() {
    if (!System.getProperty("os.name").equals("Linux")) {
      throw new MissingCondition("pidfd_open");
    }
    return Libc.load(LinuxFunctions.class);
  }

  /** A descriptor, close-on-exec, of any process: it becomes readable when the process ends. */
  public static int pidfdOpen(long pid) {
    return (int) Libc.checkLong(() -> linux().syscall(SYS_PIDFD_OPEN, pid, 0, 0, 0));
  }

  /**
   * Signals the process of a descriptor.
   *
   * @return whether it was there
   */
  public static boolean pidfdSignal(int pidfd, Signal signal) {
    if (linux().syscall(SYS_PIDFD_SEND_SIGNAL, pidfd, signal.number(), 0, 0) == 0) {
      return true;
    }
    if (Libc.errno() != Errno.ESRCH) {
      throw new AssertionError("pidfd_send_signal: " + Libc.errno());
    }
    return false;
  }
}
