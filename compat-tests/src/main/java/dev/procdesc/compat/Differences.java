package dev.procdesc.compat;

import dev.procdesc.Platform;
import dev.procdesc.compat.support.Poll;

/**
 * The legitimate differences between systems: what a program may find different although both keep
 * the contract. This is the whole list; no test asks for the system itself.
 */
public final class Differences {
  private Differences() {}

  private static boolean freebsd() {
    return Platform.current().name().equals("freebsd");
  }

  /** What belongs to the kernel and C library below a simulation is theirs. */
  private static boolean reallyFreebsd() {
    return freebsd() && !simulated();
  }

  /** Whether the backend runs on a simulation of its system, which no result may hide. */
  public static boolean simulated() {
    return Platform.current().system().endsWith("(simulated)");
  }

  /**
   * The event that poll(2) reports on a raw descriptor once its process has ended: POLLIN on Linux
   * (POLLIN and POLLHUP from 6.15 on, once it is reaped), POLLHUP on FreeBSD.
   */
  public static int pollEventAtExit() {
    return reallyFreebsd() ? Poll.POLLHUP : Poll.POLLIN;
  }

  /**
   * Whether the permission bits of a raw descriptor ({@code fstat}) go when the process ends, as on
   * FreeBSD. On Linux they are constant.
   */
  public static boolean modeBitsGoWithTheProcess() {
    return freebsd();
  }

  /**
   * Whether a descriptor tells its process's ID after the end too, because nobody else gets it as
   * long as a descriptor is open, as on FreeBSD ({@code pdgetpid}).
   */
  public static boolean idStaysWithTheDescriptor() {
    return freebsd();
  }

  /**
   * Whether every holder is told the status when the process ends, as on FreeBSD (EVFILT_PROCDESC).
   * On Linux those that are not its parent are told it once it is reaped.
   */
  public static boolean statusIsToldBeforeTheReap() {
    return freebsd();
  }

  /**
   * Whether only who may debug a process may open it, as on FreeBSD. On Linux anybody may, and is
   * asked for the right to signal when signalling.
   */
  public static boolean openingNeedsTheRightToDebug() {
    return freebsd();
  }

  /** Whether a thread can have a descriptor too, as on Linux (PIDFD_THREAD). */
  public static boolean threadsHaveDescriptors() {
    return !freebsd();
  }

  /**
   * Whether the descriptor-only mode refuses every name that processes share, of programs and files
   * too, as FreeBSD's capability mode does. On Linux it refuses what the caller asked for.
   */
  public static boolean descriptorOnlyModeRefusesEveryName() {
    return freebsd();
  }

  /**
   * Whether the last close kills also a process that the caller has no right to signal (another
   * user's), as FreeBSD's kernel does. On Linux a close is the library's signal, which needs the
   * right.
   */
  public static boolean closeKillsAnotherUsersProcess() {
    return freebsd();
  }

  /**
   * Whether a new session belongs to {@link dev.procdesc.Feature#CHILD_SETUP}, because the C
   * library's spawn function does not make one, as on FreeBSD. glibc's does.
   */
  public static boolean newSessionIsChildSetup() {
    return freebsd();
  }

  /** How deep {@code nice} goes: 19 on Linux, 20 on FreeBSD. */
  public static int largestNice() {
    return reallyFreebsd() ? 20 : 19;
  }

  /** {@code SIG_BLOCK}: 0 on Linux, 1 on FreeBSD; {@code SIG_UNBLOCK} is the next one. */
  public static int sigBlock() {
    return reallyFreebsd() ? 1 : 0;
  }
}
