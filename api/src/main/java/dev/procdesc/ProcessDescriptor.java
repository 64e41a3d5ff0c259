package dev.procdesc;

import java.time.Duration;
import java.util.Optional;
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
   * The number of the descriptor, close-on-exec, for poll, epoll or kqueue of the caller's own. It
   * becomes readable (Linux: {@code POLLIN}) or hangs up (FreeBSD: {@code POLLHUP}) when the
   * process ends. It stays this object's: never close it, and do not use it after {@link #close()}.
   *
   * @return not negative
   * @throws ClosedDescriptorException after {@link #close()}
   */
  int fd();

  /**
   * The process ID, for people and logs ({@code pdgetpid} on FreeBSD). No operation of this library
   * uses it.
   *
   * @return positive; it stays the same after the process has ended, when the system may have given
   *     it to another
   */
  long pid();

  /**
   * Sends a signal: {@code pidfd_send_signal} (Linux 5.1) or {@code pdkill} (FreeBSD 9).
   *
   * @param signal which
   * @return true if the process was there to get it, false if it has ended
   * @throws ProcessDescriptorException EPERM if the process changed its user, EINVAL if this system
   *     has no such signal
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
   * @return false once it has ended
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
   * Gives up this reference, as {@link OnClose} says: with {@link OnClose#KILL} a process that
   * still runs gets {@code SIGKILL} before this method returns, and is reaped. Idempotent. Never
   * blocks on the process.
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
