package dev.procdesc.compat.support;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.SpawnException;
import dev.procdesc.SpawnException.Step;
import dev.procdesc.Spawner;
import dev.procdesc.compat.Differences;
import jnr.constants.platform.Errno;

/** Assertions about failed spawns; {@link LeakCheck} checks that they leave nothing behind. */
public final class Errors {
  private Errors() {}

  /** Returns the number of an error on the system of the library, simulated or not. */
  public static int number(Errno errno) {
    return Differences.simulated()
        ? jnr.constants.platform.freebsd.Errno.valueOf(errno.name()).intValue()
        : errno.intValue();
  }

  /**
   * Asserts that a spawn fails, and that the exception names the cause.
   *
   * @param spawner a spawner whose spawn must fail
   * @param step the step that must fail
   * @param errno the cause
   * @param named the text that the message must contain: a path, a number, a name
   * @return the exception, for further assertions
   */
  public static SpawnException assertFails(Spawner spawner, Step step, Errno errno, String named) {
    SpawnException thrown =
        assertThrows(SpawnException.class, () -> spawner.spawn().close());
    String all = thrown + ", step " + thrown.step() + ", errno " + thrown.errno();
    assertEquals(step, thrown.step(), all);
    assertEquals(number(errno), thrown.errno(), all);
    String message = String.valueOf(thrown.getMessage());
    // On a simulation, the name is the one that the number has on the system below.
    String name = Errno.valueOf(thrown.errno()).name();
    assertTrue(message.contains(name), "the message names the error: " + all);
    assertTrue(message.contains(named), "the message names " + named + ": " + all);
    assertTrue(!thrown.operation().isEmpty(), "the exception names the call: " + all);
    return thrown;
  }
}
