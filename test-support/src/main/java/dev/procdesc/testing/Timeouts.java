package dev.procdesc.testing;

import java.time.Duration;

/**
 * Ceilings of the waits for events that must come. A correct run never waits that long: a ceiling
 * only fails a test that hangs. One factor scales them all for slow machines: the system property
 * {@code procdesc.timeoutFactor} or the variable {@code PROCDESC_TIMEOUT_FACTOR}.
 */
public final class Timeouts {
  /** The factor. */
  public static final double FACTOR = factor();

  /** The ceiling of one wait. */
  public static final Duration CEILING = scaled(Duration.ofSeconds(60));

  private Timeouts() {}

  private static double factor() {
    String factor = System.getProperty("procdesc.timeoutFactor");
    if (factor == null) {
      factor = System.getenv("PROCDESC_TIMEOUT_FACTOR");
    }
    return factor == null ? 1 : Double.parseDouble(factor);
  }

  /**
   * Scales a duration for this machine.
   *
   * @param duration the duration on a fast machine
   * @return the duration times the factor
   */
  public static Duration scaled(Duration duration) {
    return Duration.ofMillis((long) (duration.toMillis() * FACTOR));
  }
}
