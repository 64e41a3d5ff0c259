package dev.procdesc.compat;

import dev.procdesc.Feature;

/** Transfers the skip of a scenario out of its JVM, as a line of its output. */
public final class Skips {
  private static final String FEATURE = "procdesc-skip-feature:";
  private static final String CONDITION = "procdesc-skip-condition:";

  private Skips() {}

  /** Returns the line that represents a skip. */
  static String line(RuntimeException skip) {
    if (skip instanceof MissingFeature missing) {
      return FEATURE + missing.feature().name() + ":" + missing.lacks();
    }
    if (skip instanceof MissingCondition missing) {
      return CONDITION + missing.needs();
    }
    throw skip;
  }

  /**
   * Skips the test here too if a line represents a skip.
   *
   * @param line a line of the output
   */
  public static void replay(String line) {
    if (line.startsWith(FEATURE)) {
      String[] parts = line.substring(FEATURE.length()).split(":", 2);
      throw new MissingFeature(Feature.valueOf(parts[0]), parts[1]);
    }
    if (line.startsWith(CONDITION)) {
      throw new MissingCondition(line.substring(CONDITION.length()));
    }
  }
}
