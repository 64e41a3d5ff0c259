package dev.procdesc;

import java.io.IOException;
import java.io.ObjectInputStream;
import java.util.Objects;
import java.util.Optional;

/**
 * Thrown when a child could not be started. The attempt leaves no process, zombie or descriptor.
 * {@link #step()} is the step that failed.
 *
 * <p>A child that is killed before it executes its program, by {@code cgroup.kill}, for lack of
 * memory, by a filter of system calls or by another process, is such a failure too:
 * {@link #childStatus()} is its exit status. The step before which it was killed is known
 * everywhere. A death within the call that executes the program is distinguished from the death of
 * the program on Linux, except where the kernel or other code has reaped the child already or no
 * machine code can be mapped; there, and on FreeBSD, it is an exit status like that of a program.
 */
public final class SpawnException extends ProcessDescriptorException {
  private static final long serialVersionUID = 1L;

  /** The steps of a spawn, in the order in which they are taken. */
  public enum Step {
    /** Looking up a user or group, opening files, making pipes, copying descriptors. */
    PREPARE,
    /** Creating the process. */
    CREATE,
    /** Registering the child with the guardian that kills it when the JVM dies. */
    GUARD,
    /** Entering a new session or a process group, and setting the terminal. */
    SESSION,
    /** Entering the control group. */
    CGROUP,
    /** Setting the umask, resource limits and nice value. */
    LIMITS,
    /** Changing the user, group and supplementary groups. */
    USER,
    /** Changing the working directory. */
    DIRECTORY,
    /** Setting no-new-privileges. */
    PRIVILEGES,
    /** Placing descriptors at their numbers and closing the others. */
    DESCRIPTORS,
    /** Setting signal dispositions and the signal mask. */
    SIGNALS,
    /** Executing the program. */
    EXECUTE
  }

  /** The step that failed. */
  private final Step step;

  /** The exit status of the child; not serialized. */
  private transient Optional<ExitStatus> childStatus;

  /**
   * Constructs an exception for a failed spawn.
   *
   * @param step the step that failed
   * @param operation the system call that failed
   * @param subject the path or value that the call failed on
   * @param errno the error number on this system
   * @param explanation the name and description of the error
   */
  public SpawnException(
      Step step, String operation, String subject, int errno, String explanation) {
    super(operation, subject, errno, explanation);
    this.step = Objects.requireNonNull(step, "step");
    this.childStatus = Optional.empty();
  }

  /**
   * Constructs an exception for a child that ended before it executed its program, although no
   * system call failed.
   *
   * @param step the step at which it ended
   * @param operation the system call that had not returned
   * @param subject the path or value of that call
   * @param errno the error number on this system
   * @param explanation the description of the end
   * @param childStatus the exit status of the child
   */
  public SpawnException(
      Step step,
      String operation,
      String subject,
      int errno,
      String explanation,
      ExitStatus childStatus) {
    super(operation, subject, errno, explanation);
    this.step = Objects.requireNonNull(step, "step");
    this.childStatus = Optional.of(childStatus);
  }

  /**
   * Returns the step that failed.
   *
   * @return the step
   */
  public Step step() {
    return step;
  }

  /**
   * Returns the exit status of a child that was created and then ended before it executed its
   * program, although no system call failed: another process or the kernel killed it. The number of
   * the error is ESRCH then.
   *
   * @return the status; empty if a system call failed, and after deserialization
   */
  public Optional<ExitStatus> childStatus() {
    return childStatus;
  }

  /**
   * Reads an exception, which has no exit status then.
   *
   * @param in the stream
   * @throws IOException if the stream cannot be read
   * @throws ClassNotFoundException if a class of a field is missing
   */
  private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
    in.defaultReadObject();
    childStatus = Optional.empty();
  }
}
