package dev.procdesc.posix.io;

/**
 * Until when something may take.
 *
 * @param end by the clock of {@link System#nanoTime()}; without meaning if there is no limit
 */
public record Deadline(boolean limited, long end) {
  /**
   * So much from now on.
   *
   * @param nanos {@link Long#MAX_VALUE} for no limit
   */
  public static Deadline in(long nanos) {
    return new Deadline(nanos != Long.MAX_VALUE, System.nanoTime() + nanos);
  }

  /** What is left, which may be negative; {@link Long#MAX_VALUE} if there is no limit. */
  public long left() {
    return limited ? end - System.nanoTime() : Long.MAX_VALUE;
  }

  public boolean isOver() {
    return left() <= 0;
  }
}
