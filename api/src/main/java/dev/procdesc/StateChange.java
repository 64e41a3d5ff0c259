package dev.procdesc;

import java.util.Objects;

/** A change of a running process that its parent is told of. */
public sealed interface StateChange {
  /**
   * The process was stopped.
   *
   * @param signal by which signal: {@code SIGSTOP}, {@code SIGTSTP}, {@code SIGTTIN},
   *     {@code SIGTTOU}
   */
  record Stopped(Signal signal) implements StateChange {
    /**
     * Checks for null.
     *
     * @param signal by which signal: {@code SIGSTOP}, {@code SIGTSTP}, {@code SIGTTIN},
     *     {@code SIGTTOU}
     */
    public Stopped {
      Objects.requireNonNull(signal, "signal");
    }
  }

  /** The process goes on after a stop ({@code SIGCONT}). */
  record Continued() implements StateChange {}
}
