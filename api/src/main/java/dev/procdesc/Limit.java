package dev.procdesc;

import java.util.Objects;
import java.util.OptionalLong;

/**
 * A soft and a hard resource limit. An empty value is no limit.
 *
 * @param soft the limit that the kernel enforces
 * @param hard the maximum to which an unprivileged process may raise the soft limit
 */
public record Limit(OptionalLong soft, OptionalLong hard) {
  /**
   * Checks the values and their order.
   *
   * @param soft see {@link #soft()}
   * @param hard see {@link #hard()}
   * @throws IllegalArgumentException if a limit is negative or the soft one is above the hard one
   */
  public Limit {
    Objects.requireNonNull(soft, "soft");
    Objects.requireNonNull(hard, "hard");
    if (soft.orElse(0) < 0 || hard.orElse(0) < 0) {
      throw new IllegalArgumentException("a limit must not be negative: " + soft + ", " + hard);
    }
    if (hard.isPresent() && soft.orElse(Long.MAX_VALUE) > hard.getAsLong()) {
      throw new IllegalArgumentException("the soft limit must not be above the hard limit");
    }
  }

  /**
   * Returns a limit whose soft and hard values are equal.
   *
   * @param value the value, not negative, in the unit of the {@link Resource}
   * @return the limit
   * @throws IllegalArgumentException if the value is negative
   */
  public static Limit of(long value) {
    return new Limit(OptionalLong.of(value), OptionalLong.of(value));
  }

  /**
   * Returns a limit whose soft and hard values are unlimited.
   *
   * @return the limit
   */
  public static Limit unlimited() {
    return new Limit(OptionalLong.empty(), OptionalLong.empty());
  }
}
