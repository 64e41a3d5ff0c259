package dev.procdesc;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * An orderly way to end a process: signals, and the time to wait after each. {@code SIGKILL} always
 * comes last, whether or not it is given. {@code SIGCONT} follows each other signal, except stop
 * signals, so that a stopped process handles it.
 *
 * <pre>{@code
 * child.shutdown(Teardown.of(Signal.TERM, Duration.ofSeconds(5)).then(Signal.KILL));
 * }</pre>
 *
 * <p>A teardown does the same on Linux and FreeBSD, except for a group: see {@link #ofGroup()}.
 *
 * @param steps the signals before the last
 * @param group true if the signals are sent to the process group that the process leads
 */
public record Teardown(List<Step> steps, boolean group) {
  /**
   * A signal and the time to wait after it.
   *
   * @param signal the signal
   * @param patience the time that the process may take to end, not negative; 292 years or more are
   *     no limit
   */
  public record Step(Signal signal, Duration patience) {
    private static final Set<Signal> UNCONTINUED =
        Set.of(Signal.KILL, Signal.CONT, Signal.STOP, Signal.TSTP, Signal.TTIN, Signal.TTOU);

    /**
     * Checks the time.
     *
     * @param signal see {@link #signal()}
     * @param patience see {@link #patience()}
     * @throws IllegalArgumentException if the time is negative
     */
    public Step {
      Objects.requireNonNull(signal, "signal");
      if (patience.isNegative()) {
        throw new IllegalArgumentException("a time to wait must not be negative: " + patience);
      }
    }

    /**
     * Returns whether {@code SIGCONT} follows the signal, because a stopped process handles it only
     * when it is continued. After a stop signal it would undo the stop.
     *
     * @return false for {@code SIGKILL}, {@code SIGCONT} and the stop signals
     */
    public boolean isContinued() {
      return !UNCONTINUED.contains(signal);
    }
  }

  /**
   * Makes the list immutable.
   *
   * @param steps see {@link #steps()}
   * @param group see {@link #group()}
   */
  public Teardown {
    steps = List.copyOf(steps);
  }

  /**
   * Returns a teardown of the process alone, with a first signal.
   *
   * @param signal the signal
   * @param patience the time that the process may take to end
   * @return a new teardown
   * @throws IllegalArgumentException if the time is negative
   */
  public static Teardown of(Signal signal, Duration patience) {
    return new Teardown(List.of(new Step(signal, patience)), false);
  }

  /**
   * Adds a signal.
   *
   * @param signal the signal
   * @param patience the time that the process may take to end
   * @return a new teardown
   * @throws IllegalArgumentException if the time is negative
   */
  public Teardown then(Signal signal, Duration patience) {
    List<Step> more = new ArrayList<>(steps);
    more.add(new Step(signal, patience));
    return new Teardown(more, group);
  }

  /**
   * Adds a signal that is followed by {@code SIGKILL} at once. For {@code SIGKILL} itself, which is
   * always sent last, this method only documents that.
   *
   * @param signal the signal
   * @return a new teardown
   */
  public Teardown then(Signal signal) {
    return signal.equals(Signal.KILL) ? this : then(signal, Duration.ZERO);
  }

  /**
   * Returns the same teardown for the process group that the process leads. A step then waits until
   * the group has no members, because members may outlive the process itself. The library polls for
   * this every few milliseconds, because no system reports it.
   *
   * <p>Members that have ended and that their parents do not reap, such as those that a JVM adopts
   * as PID 1 of a container, count as no members. The library reads that from {@code /proc} on
   * Linux and by {@code sysctl} on FreeBSD; where it cannot, such as without a mounted
   * {@code /proc} or with {@link DescriptorOnly#FILES}, a step takes the whole time then. The
   * library reaps only the processes that it started, so a program that is PID 1 must reap what it
   * adopts, or run below a program that does, such as {@code pd run}.
   *
   * <p>Linux: {@code PIDFD_SIGNAL_PROCESS_GROUP} (Linux 6.9). FreeBSD: {@code killpg}, refused in
   * the descriptor-only mode: see {@link ProcessDescriptor#signalGroup}.
   *
   * @return a new teardown; it needs {@link Feature#SIGNAL_GROUP}
   */
  public Teardown ofGroup() {
    return new Teardown(steps, true);
  }
}
