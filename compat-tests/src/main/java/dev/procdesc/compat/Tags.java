package dev.procdesc.compat;

/** Tags of tests that a run may omit. */
public final class Tags {
  /** The test starts JVMs. */
  public static final String JVM = "jvm";

  /** The test takes long. */
  public static final String LONG = "long";

  /** The test runs the suite again with a mechanism disabled. */
  public static final String MECHANISMS = "mechanisms";

  /** The children of the test need kill(2). */
  public static final String KILLS = "kills";

  /** The test, or a child of it, names a process by its ID. */
  public static final String PIDS = "pids";

  /** The test is about the guardian, and inapplicable on systems that cannot have one. */
  public static final String GUARDIAN = "guardian";

  /** The test runs only with more rounds than usual, see {@link Rounds}. */
  public static final String MANY_ROUNDS = "many-rounds";

  /** The test is about behavior that differs between versions of Linux. */
  public static final String KERNELS = "kernels";

  private Tags() {}
}
