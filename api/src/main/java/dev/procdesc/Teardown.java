package dev.procdesc;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * How to end a process in an orderly way: signals, and how long to wait after each. {@code SIGKILL}
 * always comes last, whether named or not.
 *
 * <pre>{@code
 * child.shutdown(Teardown.of(Signal.TERM, Duration.ofSeconds(5)).then(Signal.KILL));
 * }</pre>
 *
 * @param steps the signals before the last
 * @param group whether they go to the whole process group that the process leads
 */
public record Teardown(List<Step> steps, boolean group) {
  /**
   * One signal.
   *
   * @param signal which
   * @param patience how long the process may take to end
   */
  public record Step(Signal signal, Duration patience) {
    /**
     * Checks the time.
     *
     * @param signal which
     * @param patience how long the process may take to end
     * @throws IllegalArgumentException if it is negative
     */
    public Step {
      Objects.requireNonNull(signal, "signal");
      if (patience.isNegative()) {
        throw new IllegalArgumentException("a time to wait is not negative: " + patience);
      }
    }
  }

  /**
   * Makes the list immutable.
   *
   * @param steps the signals before the last
   * @param group whether they go to the whole process group that the process leads
   */
  public Teardown {
    steps = List.copyOf(steps);
  }

  /**
   * A first signal.
   *
   * @param signal which
   * @param patience how long the process may take to end
   * @return a teardown of the process alone
   */
  public static Teardown of(Signal signal, Duration patience) {
    return new Teardown(List.of(new Step(signal, patience)), false);
  }

  /**
   * A further signal.
   *
   * @param signal which
   * @param patience how long the process may take to end
   * @return a new teardown
   */
  public Teardown then(Signal signal, Duration patience) {
    List<Step> more = new ArrayList<>(steps);
    more.add(new Step(signal, patience));
    return new Teardown(more, group);
  }

  /**
   * A last signal, followed by {@code SIGKILL} at once; for {@code SIGKILL} itself, which comes
   * anyway, this only says so.
   *
   * @param signal which
   * @return a new teardown
   */
  public Teardown then(Signal signal) {
    return signal.equals(Signal.KILL) ? this : then(signal, Duration.ZERO);
  }

  /**
   * The same for the whole process group that the process leads. A step then waits until nobody is
   * left in the group, since members may live on when the process itself has ended; that is looked
   * at every few milliseconds, because no system reports it.
   *
   * @return a new teardown; it needs {@link Feature#SIGNAL_GROUP}
   */
  public Teardown ofGroup() {
    return new Teardown(steps, true);
  }
}
