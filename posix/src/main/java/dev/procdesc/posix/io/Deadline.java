package dev.procdesc.posix.io;

import java.time.Duration;

/**
 * A deadline on the {@link System#nanoTime()} clock, or none.
 *
 * @param limited whether there is a deadline
 * @param end the deadline; meaningless if there is none
 */
public record Deadline(boolean limited, long end) {
  /** The deadline of an operation without a time limit. */
  public static final Deadline NONE = new Deadline(false, 0);

  private static final long NANOS_PER_SECOND = 1_000_000_000;

  /**
   * Returns a deadline relative to the current time.
   *
   * @param nanos the time from now; {@link Long#MAX_VALUE} for no deadline
   */
  public static Deadline in(long nanos) {
    return nanos == Long.MAX_VALUE ? NONE : new Deadline(true, System.nanoTime() + nanos);
  }

  /** Returns a deadline relative to the current time, converted by {@link #nanos}. */
  public static Deadline in(Duration timeout) {
    return in(nanos(timeout));
  }

  /**
   * Converts a timeout to nanoseconds.
   *
   * @return 0 for a negative timeout, and {@link Long#MAX_VALUE}, which means no limit, for one of
   *     292 years or more, which would overflow
   */
  public static long nanos(Duration timeout) {
    if (timeout.isNegative()) {
      return 0;
    }
    return timeout.toSeconds() >= Long.MAX_VALUE / NANOS_PER_SECOND
        ? Long.MAX_VALUE
        : timeout.toNanos();
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
