package dev.procdesc;

import java.util.Objects;

/**
 * A child could not be started. No process, zombie or descriptor is left of the attempt.
 * {@link #step()} says how far it came.
 */
public final class SpawnException extends ProcessDescriptorException {
  private static final long serialVersionUID = 1L;

  /** The steps of a spawn, in the order in which they are taken. */
  public enum Step {
    /** Looking up a user or group, opening files, making pipes, copying descriptors. */
    PREPARE,
    /** Creating the process. */
    CREATE,
    /** Handing the child to the guard that kills it when the JVM dies. */
    GUARD,
    /** A new session, a process group, the terminal. */
    SESSION,
    /** Entering the control group. */
    CGROUP,
    /** Resource limits, nice value. */
    LIMITS,
    /** User, group and supplementary groups. */
    USER,
    /** Changing the working directory. */
    DIRECTORY,
    /** No-new-privileges. */
    PRIVILEGES,
    /** Placing descriptors at their numbers and closing the others. */
    DESCRIPTORS,
    /** Signal dispositions and mask. */
    SIGNALS,
    /** Executing the program. */
    EXECUTE
  }

  /** How far the spawn came. */
  private final Step step;

  /**
   * A failed spawn.
   *
   * @param step the step that failed
   * @param operation the system call
   * @param subject the path or value it failed on
   * @param errno the error number on this system
   * @param explanation its name and meaning
   */
  public SpawnException(
      Step step, String operation, String subject, int errno, String explanation) {
    super(operation, subject, errno, explanation);
    this.step = Objects.requireNonNull(step, "step");
  }

  /**
   * The step that failed.
   *
   * @return the step
   */
  public Step step() {
    return step;
  }
}
