package dev.procdesc.compat.support;

/**
 * A test, or a part of one, that needs a JVM of its own: because it changes what belongs to the
 * whole process, such as signal dispositions, limits and users, or because it dies.
 */
@FunctionalInterface
public interface Scenario {
  /**
   * The test. Whatever it throws fails the test that started the JVM; a skip skips it.
   *
   * @param arguments from the test that started the JVM
   * @throws Throwable why it failed
   */
  void run(String... arguments) throws Throwable;
}
