package dev.procdesc.compat;

import dev.procdesc.UnsupportedFeatureException;
import dev.procdesc.compat.support.Scenario;
import java.util.Arrays;
import org.opentest4j.TestAbortedException;

/** The main class of a JVM that plays a scenario. */
public final class JavaChild {
  private JavaChild() {}

  /**
   * Plays a scenario.
   *
   * @param arguments the scenario's class, then its own arguments
   * @throws Throwable whatever the scenario throws: the JVM prints it and ends with code 1
   */
  public static void main(String[] arguments) throws Throwable {
    Scenario scenario = Class.forName(arguments[0])
        .asSubclass(Scenario.class)
        .getDeclaredConstructor()
        .newInstance();
    try {
      scenario.run(Arrays.copyOfRange(arguments, 1, arguments.length));
    } catch (TestAbortedException skip) {
      System.out.println(Skips.line(skip));
    } catch (UnsupportedFeatureException refusal) {
      System.out.println(Skips.line(Requires.skipFor(refusal).orElseThrow(() -> refusal)));
    }
  }
}
