package dev.procdesc.cli;

import dev.procdesc.Signal;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/** The end of {@code pd} before its command exists, by a signal or by the time limit. */
final class StartEnded extends IOException {
  private static final long serialVersionUID = 1;

  private final int exitCode;
  private final transient Optional<Signal> signal;

  private StartEnded(String message, int exitCode, Optional<Signal> signal) {
    super(message);
    this.exitCode = exitCode;
    this.signal = signal;
  }

  static StartEnded by(Signal signal) {
    return new StartEnded(
        signal.name() + " came before the command was started",
        128 + signal.number(),
        Optional.of(signal));
  }

  static StartEnded after(Duration limit) {
    return new StartEnded(
        "the command could not be started within " + limit.toMillis() + " ms",
        ExitCodes.TIMED_OUT,
        Optional.empty());
  }

  int exitCode() {
    return exitCode;
  }

  /** Returns whether this was a signal. */
  boolean isBy(Signal other) {
    return signal.isPresent() && signal.get().equals(other);
  }
}
