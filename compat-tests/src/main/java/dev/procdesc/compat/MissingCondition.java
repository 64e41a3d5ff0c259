package dev.procdesc.compat;

import org.opentest4j.TestAbortedException;

/**
 * Skips a test because of the environment of the suite: the user, the Java version, the machine.
 * Such a skip says nothing about the library, so reports count it apart from missing features.
 */
public final class MissingCondition extends TestAbortedException {
  private static final long serialVersionUID = 1L;

  /** The missing condition. */
  private final String needs;

  /**
   * Creates a skip.
   *
   * @param needs the missing condition, such as {@code root}
   */
  public MissingCondition(String needs) {
    super("needs " + needs);
    this.needs = needs;
  }

  /**
   * Returns the missing condition.
   *
   * @return the condition, such as {@code root}
   */
  public String needs() {
    return needs;
  }
}
