package dev.procdesc.compat.support;

import static org.junit.jupiter.api.Assertions.fail;

import dev.procdesc.compat.Timeouts;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waits for conditions that no event announces, by polling. */
public final class Await {
  private Await() {}

  /**
   * Waits until a condition holds, and fails if that does not happen.
   *
   * @param what the condition in words, for the failure
   * @param condition the condition
   */
  public static void until(String what, BooleanSupplier condition) {
    if (!holds(Timeouts.CEILING, condition)) {
      fail("waited " + Timeouts.CEILING + " in vain until " + what);
    }
  }

  /**
   * Waits until a condition holds or a time has passed.
   *
   * @param ceiling the time
   * @param condition the condition
   * @return whether it held
   */
  public static boolean holds(Duration ceiling, BooleanSupplier condition) {
    long deadline = System.nanoTime() + ceiling.toNanos();
    long pause = 100_000;
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        return false;
      }
      LockSupport.parkNanos(pause);
      pause = Math.min(2 * pause, 20_000_000);
    }
    return true;
  }
}
