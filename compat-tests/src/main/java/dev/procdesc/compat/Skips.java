package dev.procdesc.compat;

import dev.procdesc.Feature;

/** Carries the skip of a scenario out of its JVM, as a line of its output. */
public final class Skips {
  private static final String FEATURE = "procdesc-skip-feature:";
  private static final String CONDITION = "procdesc-skip-condition:";

  private Skips() {}

  /** The line that tells of a skip. */
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
   * Skips here too, if a line tells of a skip.
   *
   * @param line any line of the output
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
