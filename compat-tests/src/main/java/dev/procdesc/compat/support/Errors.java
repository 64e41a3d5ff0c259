package dev.procdesc.compat.support;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.SpawnException;
import dev.procdesc.SpawnException.Step;
import dev.procdesc.Spawner;
import dev.procdesc.compat.Differences;
import jnr.constants.platform.Errno;

/** What a failed spawn must say. That it left nothing behind, {@link LeakCheck} looks after. */
public final class Errors {
  private Errors() {}

  /** The number of an error on the system that the library runs on, simulated or not. */
  public static int number(Errno errno) {
    return Differences.simulated()
        ? jnr.constants.platform.freebsd.Errno.valueOf(errno.name()).intValue()
        : errno.intValue();
  }

  /**
   * A spawn fails, and says why.
   *
   * @param spawner that cannot work
   * @param step the step that must fail
   * @param errno the cause
   * @param named what the message must name: a path, a number, a name
   * @return the exception, for more
   */
  public static SpawnException assertFails(Spawner spawner, Step step, Errno errno, String named) {
    SpawnException thrown =
        assertThrows(SpawnException.class, () -> spawner.spawn().close());
    String all = thrown + ", step " + thrown.step() + ", errno " + thrown.errno();
    assertEquals(step, thrown.step(), all);
    assertEquals(errno, Errno.valueOf(thrown.errno()), all);
    String message = String.valueOf(thrown.getMessage());
    assertTrue(message.contains(errno.name()), "names the error: " + all);
    assertTrue(message.contains(named), "names " + named + ": " + all);
    assertTrue(!thrown.operation().isEmpty(), "names the call: " + all);
    return thrown;
  }
}
