package dev.procdesc.posix.backend;

import dev.procdesc.DescriptorOnly;
import java.util.Set;
import java.util.TreeSet;

/**
 * A trial of the descriptor-only mode, which a system property requests: the mode is prepared and
 * reported as entered, but nothing is refused. {@code pd sandbox-check} observes the JVM from then
 * on, as a debugger, and lists the operations that the mode would refuse.
 */
public final class SandboxTrial {
  /** The system property that requests a trial, if it is {@code true}. */
  public static final String PROPERTY = "dev.procdesc.sandbox.trial";

  /** The word for a mode that refuses every name, as capability mode does. */
  private static final String EVERY_NAME = "EVERY_NAME";

  private SandboxTrial() {}

  /** Returns whether the mode is only tried. */
  public static boolean isRequested() {
    return Boolean.getBoolean(PROPERTY);
  }

  /**
   * Begins the trial, in place of the system call that restricts the process.
   *
   * @param also the kinds of objects that the mode would refuse by name
   * @param everyName whether it would refuse all other names, too
   */
  public static void begin(Set<DescriptorOnly> also, boolean everyName) {
    // Not a logger, which would load classes and files that are then not missed.
    System.err.println(
        "procdesc: the descriptor-only mode is only tried and refuses nothing, because "
            + PROPERTY
            + " is true");
    Set<String> words = new TreeSet<>();
    also.forEach(kind -> words.add(kind.name()));
    if (everyName) {
      words.add(EVERY_NAME);
    }
    observe(String.join(" ", words), System.getProperty("java.home"));
  }

  /**
   * Does nothing: {@code pd sandbox-check} has a breakpoint here.
   *
   * @param refused the kinds of names that are refused from now on, separated by spaces
   * @param javaHome the directory of the Java runtime
   */
  @SuppressWarnings("unused")
  private static void observe(String refused, String javaHome) {}
}
