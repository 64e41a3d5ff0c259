package dev.procdesc;

import java.util.List;

/** Thrown when a child was killed because it wrote more than a {@link Capture} permits. */
public final class OutputLimitException extends RunException {
  private static final long serialVersionUID = 1L;

  /** The limit in bytes. */
  private final int limit;

  OutputLimitException(
      List<String> command, int fd, int limit, CapturedOutput stdout, CapturedOutput stderr) {
    super(
        Commands.quote(command) + " wrote more than " + limit + " bytes to standard "
            + (fd == 1 ? "output" : "error"),
        command,
        stdout,
        stderr);
    this.limit = limit;
  }

  /**
   * Returns the limit.
   *
   * @return the limit in bytes that was exceeded
   */
  public int limit() {
    return limit;
  }
}
