package dev.procdesc.compat;

import dev.procdesc.DeathGuard;
import dev.procdesc.Feature;
import dev.procdesc.Platform;
import dev.procdesc.compat.support.Poll;
import java.net.URL;
import java.util.Optional;
import jnr.constants.platform.Errno;

/**
 * The legitimate differences between systems that both fulfil the contract. The list is complete:
 * no test queries the system itself.
 */
public final class Differences {
  private Differences() {}

  private static boolean freebsd() {
    return Platform.current().name().equals("freebsd");
  }

  /** Returns whether the kernel and the C library are those of FreeBSD, and not simulated. */
  private static boolean reallyFreebsd() {
    return freebsd() && !simulated();
  }

  /** Returns whether the backend runs on a simulation of its system, which every report shows. */
  public static boolean simulated() {
    return Platform.current().system().endsWith("(simulated)");
  }

  /** Returns the path of the simulation's library; empty on a real system. */
  public static Optional<String> simulation() {
    return simulated()
        ? Optional.ofNullable(
                ClassLoader.getSystemResource("dev/procdesc/simulation/libfreebsd-sim.so"))
            .map(URL::getPath)
        : Optional.empty();
  }

  /**
   * Returns the event that poll(2) reports on a raw descriptor once its process has exited: POLLIN
   * on Linux (also POLLHUP once it was reaped, first seen in 6.12), POLLHUP on FreeBSD.
   */
  public static int pollEventAtExit() {
    return reallyFreebsd() ? Poll.POLLHUP : Poll.POLLIN;
  }

  /**
   * Returns the events to request from poll(2) to wait until the exit status of an ordinary child
   * can be collected. Where the kernel reaps children, that is POLLHUP, which needs no request:
   * POLLIN is reported at the exit, shortly before the child is reaped.
   */
  public static int pollRequestForExit() {
    return Platform.current().features().contains(Feature.INVISIBLE_CHILDREN) ? 0 : Poll.POLLIN;
  }

  /**
   * Returns whether a call of poll(2) in progress holds the descriptor, so that the last close
   * kills only when it returns, as on Linux where the kernel kills. A guardian kills without regard
   * to it, and on FreeBSD a poll holds nothing.
   */
  public static boolean aPollHoldsTheDescriptor() {
    return !freebsd() && Platform.current().deathGuard() == DeathGuard.KERNEL;
  }

  /**
   * Returns whether the status of a dead child is withheld while a tracer has not reaped it, as on
   * Linux. FreeBSD's kqueue has it from the exit on.
   */
  public static boolean aTracerDelaysTheStatus() {
    return !freebsd();
  }

  /**
   * Returns whether the permission bits of a raw descriptor ({@code fstat}) are cleared when the
   * process exits, as on FreeBSD. On Linux they are constant.
   */
  public static boolean modeBitsGoWithTheProcess() {
    return freebsd();
  }

  /**
   * Returns whether a descriptor reports the process ID also after the exit, because the ID is not
   * reused while a descriptor is open, as on FreeBSD ({@code pdgetpid}).
   */
  public static boolean idStaysWithTheDescriptor() {
    return freebsd();
  }

  /**
   * Returns whether every holder gets the status when the process exits, as on FreeBSD
   * (EVFILT_PROCDESC). On Linux a holder other than the parent gets it once the process was reaped.
   */
  public static boolean statusIsToldBeforeTheReap() {
    return freebsd();
  }

  /**
   * Returns whether opening a process needs the permission to debug it, as on FreeBSD. On Linux
   * opening needs none, and signalling checks the permission to signal.
   */
  public static boolean openingNeedsTheRightToDebug() {
    return freebsd();
  }

  /**
   * Returns whether the kernel reports what the last close of any descriptor does, as on Linux.
   * FreeBSD does not report whether a descriptor has PD_DAEMON.
   */
  public static boolean lastCloseIsReported() {
    return !freebsd();
  }

  /** Returns whether a descriptor can refer to a thread, as on Linux (PIDFD_THREAD). */
  public static boolean threadsHaveDescriptors() {
    return !freebsd();
  }

  /** Returns whether sockets may have abstract names, outside of the file system. */
  public static boolean hasAbstractSockets() {
    return !freebsd();
  }

  /**
   * Returns whether the descriptor-only mode refuses every global name, also those of programs and
   * files, as FreeBSD's capability mode does. On Linux it refuses the names that the caller chose.
   */
  public static boolean descriptorOnlyModeRefusesEveryName() {
    return freebsd();
  }

  /**
   * Returns whether a new session needs {@link dev.procdesc.Feature#CHILD_SETUP}, because the C
   * library's spawn function does not make one, as on FreeBSD. glibc's does.
   */
  public static boolean newSessionIsChildSetup() {
    return freebsd();
  }

  /**
   * Returns whether {@code waitpid(-1)} waits for the library's children while they live, as on
   * Linux, also if the kernel reaps them. On FreeBSD it fails as if there were none.
   */
  public static boolean waitpidSeesLiveChildren() {
    return !freebsd();
  }

  /**
   * Returns whether a child can be made visible by {@link dev.procdesc.Spawner#autoreap}, as on
   * Linux. On FreeBSD every child of {@code pdfork} is invisible.
   */
  public static boolean autoreapCanBeRefused() {
    return !freebsd();
  }

  /** Returns the largest nice value: 19 on Linux, 20 on FreeBSD. */
  public static int largestNice() {
    return reallyFreebsd() ? 20 : 19;
  }

  /**
   * Returns whether both ends of a pipe are open for reading and writing, as on FreeBSD. On Linux
   * each end is open for one of them.
   */
  public static boolean bothEndsOfPipesAreWritable() {
    return reallyFreebsd();
  }

  /** Returns the error when a pipe is executed by descriptor: EACCES on Linux, EBADF on FreeBSD. */
  public static Errno executingAPipe() {
    return freebsd() ? Errno.EBADF : Errno.EACCES;
  }

  /**
   * Returns whether a key of the terminal can stop a child: its parent must be in the same session.
   * The simulation is the parent of all children, and is in the session of the suite only.
   */
  public static boolean keysStopChildren() {
    return !simulated();
  }

  /** Returns {@code SIG_BLOCK}: 0 on Linux, 1 on FreeBSD; {@code SIG_UNBLOCK} is the next one. */
  public static int sigBlock() {
    return reallyFreebsd() ? 1 : 0;
  }
}
