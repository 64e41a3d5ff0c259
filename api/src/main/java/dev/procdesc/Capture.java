package dev.procdesc;

import java.util.Objects;

/**
 * The bytes of an output that {@link Spawner#run()} keeps in memory.
 *
 * @param limit the largest number of bytes, not negative
 * @param excess the treatment of further bytes
 */
public record Capture(int limit, Excess excess) {
  /** The limit of an output for which no other one is set: 16 MiB. */
  public static final int DEFAULT_LIMIT = 16 * 1024 * 1024;

  /** The treatment of the bytes that exceed the limit. */
  public enum Excess {
    /** The child is killed, and the run fails with {@link OutputLimitException}. */
    FAIL,
    /** The first bytes are kept; the others are read and discarded. */
    KEEP_HEAD,
    /** The last bytes are kept; the others are read and discarded. */
    KEEP_TAIL
  }

  /**
   * Checks the limit.
   *
   * @param limit see {@link #limit()}
   * @param excess see {@link #excess()}
   * @throws IllegalArgumentException if the limit is negative
   */
  public Capture {
    Objects.requireNonNull(excess, "excess");
    if (limit < 0) {
      throw new IllegalArgumentException("a limit must not be negative: " + limit);
    }
  }

  /**
   * Returns a capture that fails the run at the first byte above a limit.
   *
   * @param limit the largest number of bytes; with 0, any output fails the run
   * @return a capture with {@link Excess#FAIL}
   * @throws IllegalArgumentException if the limit is negative
   */
  public static Capture atMost(int limit) {
    return new Capture(limit, Excess.FAIL);
  }

  /**
   * Returns a capture of the beginning of an output.
   *
   * @param limit the largest number of bytes; with 0, the output is discarded
   * @return a capture with {@link Excess#KEEP_HEAD}
   * @throws IllegalArgumentException if the limit is negative
   */
  public static Capture head(int limit) {
    return new Capture(limit, Excess.KEEP_HEAD);
  }

  /**
   * Returns a capture of the end of an output.
   *
   * @param limit the largest number of bytes; with 0, the output is discarded
   * @return a capture with {@link Excess#KEEP_TAIL}
   * @throws IllegalArgumentException if the limit is negative
   */
  public static Capture tail(int limit) {
    return new Capture(limit, Excess.KEEP_TAIL);
  }
}
