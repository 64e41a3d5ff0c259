package dev.procdesc.compat;

import org.opentest4j.TestAbortedException;

/**
 * A test is skipped, because of where the suite runs: as whom, on which Java, on which machine.
 * That says nothing about the library, so it is counted apart from the missing features.
 */
public final class MissingCondition extends TestAbortedException {
  private static final long serialVersionUID = 1L;

  /** What lacks. */
  private final String needs;

  /**
   * A skip.
   *
   * @param needs what the test needs, such as {@code root}
   */
  public MissingCondition(String needs) {
    super("needs " + needs);
    this.needs = needs;
  }

  /**
   * What lacks.
   *
   * @return what the test needs
   */
  public String needs() {
    return needs;
  }
}
