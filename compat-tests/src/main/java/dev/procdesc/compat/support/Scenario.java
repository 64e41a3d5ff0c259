package dev.procdesc.compat.support;

/**
 * A test, or a part of one, that needs a separate JVM, because it dies or changes properties of the
 * whole process, such as signal dispositions, limits and users.
 */
@FunctionalInterface
public interface Scenario {
  /**
   * Runs the scenario. An exception fails the test that started the JVM; a skip skips it.
   *
   * @param arguments from the test that started the JVM
   * @throws Throwable if the scenario fails
   */
  void run(String... arguments) throws Throwable;
}
