package dev.procdesc;

import java.io.IOException;
import java.util.Objects;

/**
 * The system refused an operation. The message reads {@code operation(subject): ENAME (n): what
 * that means}.
 */
public class ProcessDescriptorException extends IOException {
  private static final long serialVersionUID = 1L;

  /** The error number on this system. */
  private final int errno;

  /** What was called. */
  private final String operation;

  /** On what. */
  private final String subject;

  /**
   * An error of a system call.
   *
   * @param operation what was called, such as {@code pidfd_send_signal}
   * @param subject on what: a path, a descriptor
   * @param errno the error number on this system
   * @param explanation its name and meaning, and what to do if that is known
   */
  public ProcessDescriptorException(
      String operation, String subject, int errno, String explanation) {
    super(operation + (subject.isEmpty() ? "" : "(" + subject + ")") + ": " + explanation);
    this.errno = errno;
    this.operation = Objects.requireNonNull(operation, "operation");
    this.subject = subject;
  }

  /**
   * The error number, on this system.
   *
   * @return positive
   */
  public int errno() {
    return errno;
  }

  /**
   * The call that failed.
   *
   * @return such as {@code pidfd_send_signal}
   */
  public String operation() {
    return operation;
  }

  /**
   * What it was called on.
   *
   * @return a path or a descriptor; empty if there is nothing to name
   */
  public String subject() {
    return subject;
  }
}
