package dev.procdesc.posix.io;

/**
 * A deadline on the {@link System#nanoTime()} clock, or none.
 *
 * @param limited whether there is a deadline
 * @param end the deadline; meaningless if there is none
 */
public record Deadline(boolean limited, long end) {
  /**
   * Returns a deadline relative to the current time.
   *
   * @param nanos the time from now; {@link Long#MAX_VALUE} for no deadline
   */
  public static Deadline in(long nanos) {
    return new Deadline(nanos != Long.MAX_VALUE, System.nanoTime() + nanos);
  }

  /** Returns the remaining time, which may be negative; {@link Long#MAX_VALUE} for no deadline. */
  public long left() {
    return limited ? end - System.nanoTime() : Long.MAX_VALUE;
  }

  /** Returns whether the deadline has passed. */
  public boolean isOver() {
    return left() <= 0;
  }
}
