package dev.procdesc;

import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * A process, held by a descriptor: a pidfd on Linux, a process descriptor on FreeBSD.
 *
 * <p>What is done through it reaches that process or nobody, also after the process has ended and
 * its ID was given to another.
 *
 * <p>Closing the last reference ends the process or releases it, as {@link OnClose} says. A
 * descriptor that becomes unreachable without having been closed is closed by the garbage
 * collector, with a warning in the log: a process that is to outlive its descriptor is started with
 * {@link OnClose#RELEASE}. An unfinished {@link #onExit()} keeps the descriptor reachable.
 *
 * <p>A descriptor is a capability: whoever holds one can use it, parent or not. It can be
 * duplicated and weakened ({@link #duplicate()}, {@link #restrict}). The status of a process that
 * is not this JVM's child is exact where the kernel tells it to every holder
 * ({@link Feature#STATUS_FOR_ANY_HOLDER}), and comes when its parent has reaped it; else it is
 * {@link ExitStatus.Unknown}. What needs a {@link Right} that a restricted descriptor lacks throws
 * {@link MissingRightException}.
 *
 * <p>Instances are safe for use by several threads. After {@link #close()}, {@link #poll()},
 * {@link #waitFor()} and {@link #onExit()} go on answering once the status is known; what needs the
 * descriptor throws {@link ClosedDescriptorException}.
 *
 * @see <a href="https://man7.org/linux/man-pages/man2/pidfd_open.2.html">pidfd_open(2), Linux</a>
 * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=pdfork&amp;sektion=2">pdfork(2),
 *     FreeBSD</a>
 */
public interface ProcessDescriptor extends AutoCloseable {
  /**
   * Opens a running process by its ID: {@code pidfd_open} (Linux 5.3), {@code pdopenpid} (FreeBSD
   * 16). Its close never kills. On FreeBSD the process stays a zombie, for its parent to see, until
   * the descriptor is closed.
   *
   * <p>This is the one door by which a PID comes in, and it is racy: between the moment somebody
   * learned the number and this call, the process may have ended and its number may be another's.
   * Only for the caller's own children that it has not reaped is that impossible. Better ways:
   * {@link #open(ProcessHandle)}, or a descriptor that the other side sends.
   *
   * @param pid positive
   * @return a descriptor with every right
   * @throws ProcessDescriptorException ESRCH if there is no such process, EINVAL if the number is a
   *     thread's, EMFILE; on FreeBSD EPERM without the right to debug it, EBUSY if it is exiting,
   *     ECAPMODE in the descriptor-only mode
   * @throws IllegalArgumentException if the number is not positive
   * @throws UnsupportedFeatureException without {@link Feature#OPEN_PROCESS}
   * @see <a href="https://man7.org/linux/man-pages/man2/pidfd_open.2.html">pidfd_open(2), Linux</a>
   * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=pdopenpid&amp;sektion=2">pdopenpid(2),
   *     FreeBSD</a>
   */
  static ProcessDescriptor open(long pid) throws ProcessDescriptorException {
    if (pid <= 0) {
      throw new IllegalArgumentException("a process ID is positive: " + pid);
    }
    return Platform.current().backend().open(pid);
  }

  /**
   * Opens the process of a handle. A handle remembers when its process started, and is asked again
   * once the descriptor is there; so this is the process of the handle or nobody, but for one that
   * got the same number within a hundredth of a second of the same start time.
   *
   * @param handle of a process that runs, or that nobody has reaped yet
   * @return a descriptor with every right; its close never kills
   * @throws ProcessDescriptorException ESRCH if the process has gone; as {@link #open(long)}
   * @throws UnsupportedFeatureException without {@link Feature#OPEN_PROCESS}
   */
  static ProcessDescriptor open(ProcessHandle handle) throws ProcessDescriptorException {
    Objects.requireNonNull(handle, "handle");
    ProcessDescriptor opened = open(handle.pid());
    if (handle.isAlive()) {
      return opened;
    }
    opened.close();
    int noSuchProcess = 3; // ESRCH on every system.
    throw new ProcessDescriptorException(
        "open",
        "process " + handle.pid(),
        noSuchProcess,
        "ESRCH (3): the process of the handle has ended");
  }

  /**
   * This JVM itself, for instance to send to somebody who is to watch over it. Not racy.
   *
   * @return a descriptor with every right; its close never kills
   * @throws ProcessDescriptorException EMFILE
   * @throws UnsupportedFeatureException without {@link Feature#OPEN_PROCESS}
   */
  static ProcessDescriptor self() throws ProcessDescriptorException {
    return Platform.current().backend().self();
  }

  /**
   * The number of the descriptor, close-on-exec, for poll, epoll or kqueue of the caller's own. It
   * becomes readable (Linux: {@code POLLIN}) or hangs up (FreeBSD: {@code POLLHUP}) when the
   * process ends. It stays this object's: never close it, and do not use it after {@link #close()}.
   *
   * @return not negative
   * @throws MissingRightException without {@link Right#EVENT}
   * @throws ClosedDescriptorException after {@link #close()}
   */
  int fd();

  /**
   * The process ID, for people and logs ({@code pdgetpid} on FreeBSD). No operation of this library
   * uses it.
   *
   * @return positive; it stays the same after the process has ended, when the system may have given
   *     it to another
   * @throws MissingRightException without {@link Right#PID}
   * @throws IllegalStateException for a received descriptor whose process had been reaped before it
   *     came: nobody knows the ID then
   */
  long pid();

  /**
   * Sends a signal: {@code pidfd_send_signal} (Linux 5.1) or {@code pdkill} (FreeBSD 9).
   *
   * @param signal which
   * @return true if the process was there to get it, false if it has ended
   * @throws ProcessDescriptorException EPERM if the process changed its user, EINVAL if this system
   *     has no such signal
   * @throws MissingRightException without {@link Right#SIGNAL}
   * @throws ClosedDescriptorException after {@link #close()}
   * @see <a
   *     href="https://man7.org/linux/man-pages/man2/pidfd_send_signal.2.html">pidfd_send_signal(2)</a>
   */
  boolean signal(Signal signal) throws ProcessDescriptorException;

  /**
   * Sends {@link Signal#KILL}. It takes effect also on a stopped process and whatever its signal
   * mask.
   *
   * @return true if the process was there to get it, false if it has ended
   * @throws ProcessDescriptorException EPERM if the process changed its user
   * @throws ClosedDescriptorException after {@link #close()}
   */
  default boolean kill() throws ProcessDescriptorException {
    return signal(Signal.KILL);
  }

  /**
   * Sends a signal to every process of the group that this process leads, also if the leader itself
   * has ended: {@code pidfd_send_signal(PIDFD_SIGNAL_PROCESS_GROUP)} (Linux 6.9). Only for a
   * process that was started as the leader of a group or session.
   *
   * @param signal which
   * @return true if any process was there to get it
   * @throws ProcessDescriptorException EPERM if none of them may be signalled
   * @throws UnsupportedFeatureException without {@link Feature#SIGNAL_GROUP}
   * @throws ClosedDescriptorException after {@link #close()}
   */
  boolean signalGroup(Signal signal) throws ProcessDescriptorException;

  /**
   * Ends the process in an orderly way: the signals of a teardown, one after the other, until it
   * has ended; {@code SIGKILL} at last. Does not close this descriptor.
   *
   * @param teardown the signals and how long each may take
   * @return how the process ended
   * @throws ProcessDescriptorException as {@link #signal}
   * @throws InterruptedException if the thread is interrupted; the process may live on then
   */
  ExitStatus shutdown(Teardown teardown) throws ProcessDescriptorException, InterruptedException;

  /**
   * Whether the process runs. Never blocks.
   *
   * @return false once it has ended, also while another's child waits to be reaped and has no
   *     status yet
   * @throws ClosedDescriptorException after {@link #close()}, unless the status is known
   */
  default boolean isAlive() {
    return poll().isEmpty();
  }

  /**
   * The exit status if the process has ended. Never blocks.
   *
   * @return empty while it runs
   * @throws ClosedDescriptorException after {@link #close()}, unless the status is known
   */
  Optional<ExitStatus> poll();

  /**
   * Waits for the end of the process. A virtual thread parks without holding its carrier.
   *
   * @return how it ended, the same for every waiter
   * @throws InterruptedException if the thread is interrupted; the process is not touched
   * @throws MissingRightException without {@link Right#WAIT}
   * @throws ClosedDescriptorException after {@link #close()}, unless the status is known; also in a
   *     thread that waits for a process that was released meanwhile
   */
  ExitStatus waitFor() throws InterruptedException;

  /**
   * Waits for the end of the process, for a time.
   *
   * @param timeout how long; zero or less only looks
   * @return how it ended, empty if it still runs
   * @throws InterruptedException if the thread is interrupted; the process is not touched
   * @throws ClosedDescriptorException as {@link #waitFor()}
   */
  Optional<ExitStatus> waitFor(Duration timeout) throws InterruptedException;

  /**
   * The end of the process as an event. Dependents run in a thread of the library; one that blocks
   * delays nobody else. Each call returns a new future: cancelling or completing it has no effect
   * on the process or on other callers.
   *
   * @return completes with how the process ended; exceptionally with
   *     {@link ClosedDescriptorException} if a released process was closed before it ended
   * @throws ClosedDescriptorException after {@link #close()}, unless the status is known
   */
  CompletableFuture<ExitStatus> onExit();

  /**
   * What the process cost.
   *
   * @return empty while it runs, where it was not asked for
   *     ({@link Spawner#collectUsage(boolean)}), and where other code reaped the process first
   */
  Optional<ResourceUsage> resourceUsage();

  /**
   * Reports stop and continue to the parent. Such changes are states, not queued events: of several
   * in quick succession only the last may be seen. From the first listener until the process ends,
   * a thread waits for them, because no system has a descriptor for them.
   *
   * <p>Linux 5.4: {@code waitid(P_PIDFD, WSTOPPED | WCONTINUED)}. FreeBSD: absent.
   *
   * @param listener called in that thread
   * @return ends the listening when closed
   * @throws UnsupportedFeatureException without {@link Feature#STATE_CHANGES}
   * @throws ClosedDescriptorException after {@link #close()}
   */
  Listening onStateChange(Consumer<? super StateChange> listener);

  /**
   * Another reference to the same process, with the same rights. Each is closed for itself: only
   * the close of the last one is the close that {@link OnClose} speaks of. What waits on a
   * reference that is closed while others are open gets {@link ClosedDescriptorException}.
   *
   * @return a new descriptor object; its {@link #fd()} may be the same number, which is good until
   *     the later close
   * @throws ProcessDescriptorException EMFILE
   * @throws MissingRightException without {@link Right#DUPLICATE}
   * @throws ClosedDescriptorException after {@link #close()}
   */
  ProcessDescriptor duplicate() throws ProcessDescriptorException;

  /**
   * Another reference to the same process, with fewer rights: those given that this one has too.
   * FreeBSD: {@code cap_rights_limit} on a copy, so the kernel enforces it, for everybody who gets
   * the copy. Linux: the library enforces it; see {@link Right}.
   *
   * <p>This one keeps its rights. To weaken what one holds, restrict it and close it:
   *
   * <pre>{@code
   * ProcessDescriptor watched;
   * try (ChildProcess child = spawner.spawn()) {
   *   watched = child.restrict(Right.WAIT, Right.EVENT);
   * }
   * }</pre>
   *
   * @param rights the rights to keep; with none the process is only kept from being killed
   * @return a new descriptor object
   * @throws ProcessDescriptorException EMFILE
   * @throws IllegalArgumentException if a right is given twice
   * @throws MissingRightException without {@link Right#DUPLICATE}
   * @throws ClosedDescriptorException after {@link #close()}
   */
  ProcessDescriptor restrict(Right... rights) throws ProcessDescriptorException;

  /**
   * What may be done with this descriptor.
   *
   * @return unmodifiable; always the same
   */
  Set<Right> rights();

  /**
   * What the kernel tells of the process now: {@code ioctl(PIDFD_GET_INFO)}, Linux 6.13.
   *
   * @return a snapshot
   * @throws ProcessDescriptorException ESRCH if it has ended and was reaped; EREMOTE if it is
   *     outside this JVM's PID namespace
   * @throws MissingRightException without {@link Right#PID}
   * @throws UnsupportedFeatureException without {@link Feature#PROCESS_INFO}
   * @throws ClosedDescriptorException after {@link #close()}
   */
  ProcessInfo info() throws ProcessDescriptorException;

  /**
   * Whether another descriptor is of the same process, by the kernel's identity of it (Linux 6.9:
   * the inode in pidfs), which is never used again; not by PID. Needs no right.
   *
   * @param other a descriptor of this library's
   * @return true if so, also after the process has ended
   * @throws ProcessDescriptorException if the kernel cannot be asked
   * @throws UnsupportedFeatureException without {@link Feature#PROCESS_IDENTITY}, unless one is a
   *     duplicate of the other
   * @throws ClosedDescriptorException after {@link #close()} of either
   */
  boolean sameProcess(ProcessDescriptor other) throws ProcessDescriptorException;

  /**
   * Gives up this reference. If it is the last, what {@link OnClose} says is done: with
   * {@link OnClose#KILL} a process that still runs gets {@code SIGKILL} before this method returns,
   * and is reaped. The process of an opened descriptor is not touched. One whose descriptor was
   * sent ({@link DescriptorChannel}) lives until the last holder, in whatever process, has gone.
   * Idempotent. Never blocks on the process.
   */
  @Override
  void close();

  /** A registration that can be ended. */
  interface Listening extends AutoCloseable {
    /** Ends it. Idempotent. A call that runs already is not waited for. */
    @Override
    void close();
  }
}
