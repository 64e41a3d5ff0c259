package dev.procdesc;

import java.time.Duration;
import java.util.List;

/** Thrown when a run was not over within its {@link RunOptions#timeout}. */
public final class RunTimeoutException extends RunException {
  private static final long serialVersionUID = 1L;

  /** The limit. */
  private final Duration timeout;

  RunTimeoutException(
      List<List<String>> commands, Duration timeout, CapturedOutput stdout, CapturedOutput stderr) {
    super(
        Commands.quoteAll(commands) + " was not over after " + timeout,
        commands.get(commands.size() - 1),
        stdout,
        stderr);
    this.timeout = timeout;
  }

  /**
   * Returns the limit.
   *
   * @return the limit that was exceeded
   */
  public Duration timeout() {
    return timeout;
  }
}
