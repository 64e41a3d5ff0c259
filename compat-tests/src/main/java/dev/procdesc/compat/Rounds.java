package dev.procdesc.compat;

/** The number of rounds of a test of races: {@code -Dprocdesc.rounds}; 200 are thorough. */
public final class Rounds {
  /** The number of rounds. */
  public static final int COUNT = Integer.getInteger("procdesc.rounds", 5);

  private static final int MANY = 100;

  private Rounds() {}

  /** Returns whether the tests that need a big machine run too. */
  public static boolean areMany() {
    return COUNT >= MANY;
  }
}
