package dev.procdesc;

import java.util.Objects;
import java.util.OptionalLong;

/**
 * A soft and a hard limit; empty means unlimited.
 *
 * @param soft the limit that is enforced
 * @param hard the ceiling up to which an unprivileged process may raise the soft limit
 */
public record Limit(OptionalLong soft, OptionalLong hard) {
  /**
   * Checks the order.
   *
   * @param soft the limit that is enforced
   * @param hard the ceiling up to which an unprivileged process may raise the soft limit
   * @throws IllegalArgumentException if a limit is negative or the soft one is above the hard one
   */
  public Limit {
    Objects.requireNonNull(soft, "soft");
    Objects.requireNonNull(hard, "hard");
    if (soft.orElse(0) < 0 || hard.orElse(0) < 0) {
      throw new IllegalArgumentException("a limit is not negative: " + soft + ", " + hard);
    }
    if (hard.isPresent() && soft.orElse(Long.MAX_VALUE) > hard.getAsLong()) {
      throw new IllegalArgumentException("the soft limit is above the hard one");
    }
  }

  /**
   * The same soft and hard limit.
   *
   * @param value not negative, in the unit of the {@link Resource}
   * @return the limit
   */
  public static Limit of(long value) {
    return new Limit(OptionalLong.of(value), OptionalLong.of(value));
  }

  /**
   * No limit.
   *
   * @return soft and hard unlimited
   */
  public static Limit unlimited() {
    return new Limit(OptionalLong.empty(), OptionalLong.empty());
  }
}
