package dev.procdesc.compat;

import dev.procdesc.UnsupportedFeatureException;
import dev.procdesc.compat.support.Scenario;
import java.util.Arrays;
import org.opentest4j.TestAbortedException;

/** The main class of a JVM that runs a scenario. */
public final class JavaChild {
  private JavaChild() {}

  /**
   * Runs a scenario.
   *
   * @param arguments the class of the scenario, then its arguments
   * @throws Throwable if the scenario throws it: the JVM prints it and exits with code 1
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
