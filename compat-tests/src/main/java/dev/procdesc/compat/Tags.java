package dev.procdesc.compat;

/** Kinds of tests that a run may leave out. */
public final class Tags {
  /** Starts JVMs of its own. */
  public static final String JVM = "jvm";

  /** Takes long. */
  public static final String LONG = "long";

  /** Runs the suite again. */
  public static final String RUNGS = "rungs";

  /** Its children need kill(2). */
  public static final String KILLS = "kills";

  /** It, or a child of it, names a process by its ID. */
  public static final String PIDS = "pids";

  /** Of the guardian alone: where no system can have one, there is nothing to test. */
  public static final String GUARDIAN = "guardian";

  /** Only where more rounds were asked for than a usual run has, see {@link Rounds}. */
  public static final String MANY_ROUNDS = "many-rounds";

  private Tags() {}
}
