package dev.procdesc;

import java.util.Objects;

/** A change of a running process that is reported to its parent. */
public sealed interface StateChange {
  /**
   * The process was stopped by a signal.
   *
   * @param signal the signal: {@code SIGSTOP}, {@code SIGTSTP}, {@code SIGTTIN}, {@code SIGTTOU}
   */
  record Stopped(Signal signal) implements StateChange {
    /**
     * Checks for null.
     *
     * @param signal see {@link #signal()}
     */
    public Stopped {
      Objects.requireNonNull(signal, "signal");
    }
  }

  /** The process was continued after a stop ({@code SIGCONT}). */
  record Continued() implements StateChange {}
}
