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

  private Tags() {}
}
