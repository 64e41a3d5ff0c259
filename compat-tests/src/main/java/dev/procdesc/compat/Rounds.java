package dev.procdesc.compat;

/** How often a test of races repeats itself: {@code -Dprocdesc.rounds}; 200 show it well. */
public final class Rounds {
  /** How many rounds there are. */
  public static final int COUNT = Integer.getInteger("procdesc.rounds", 5);

  private static final int MANY = 100;

  private Rounds() {}

  /** Whether the tests that need a big machine are meant too. */
  public static boolean areMany() {
    return COUNT >= MANY;
  }
}
