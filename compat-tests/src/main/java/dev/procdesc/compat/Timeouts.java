package dev.procdesc.compat;

import java.time.Duration;

/**
 * How long a test waits for an event that must come. A correct run never waits that long: the
 * ceilings are there to fail a test that hangs. A slow machine scales them all by one factor, the
 * system property {@code procdesc.timeoutFactor} or the variable {@code PROCDESC_TIMEOUT_FACTOR}.
 */
public final class Timeouts {
  /** The factor. */
  public static final double FACTOR = factor();

  /** The ceiling of one wait. */
  public static final Duration CEILING = scaled(Duration.ofSeconds(30));

  private Timeouts() {}

  private static double factor() {
    String factor = System.getProperty("procdesc.timeoutFactor");
    if (factor == null) {
      factor = System.getenv("PROCDESC_TIMEOUT_FACTOR");
    }
    return factor == null ? 1 : Double.parseDouble(factor);
  }

  /**
   * A duration, for this machine.
   *
   * @param duration for a fast one
   * @return scaled by the factor
   */
  public static Duration scaled(Duration duration) {
    return Duration.ofMillis((long) (duration.toMillis() * FACTOR));
  }
}
