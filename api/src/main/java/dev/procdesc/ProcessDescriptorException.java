package dev.procdesc;

import java.io.IOException;
import java.util.Objects;

/**
 * Thrown when the system refuses an operation. The message has the form {@code operation(subject):
 * ENAME (n): description}.
 */
public class ProcessDescriptorException extends IOException {
  private static final long serialVersionUID = 1L;

  /** The error number on this system. */
  private final int errno;

  /** The operation that failed. */
  private final String operation;

  /** The subject of the operation. */
  private final String subject;

  /**
   * Constructs an exception for an error of a system call.
   *
   * @param operation the operation that failed, such as {@code pidfd_send_signal}
   * @param subject the subject of the operation, such as a path or a descriptor; may be empty
   * @param errno the error number on this system
   * @param explanation the name and description of the error, and a remedy if one is known
   */
  public ProcessDescriptorException(
      String operation, String subject, int errno, String explanation) {
    super(operation + (subject.isEmpty() ? "" : "(" + subject + ")") + ": " + explanation);
    this.errno = errno;
    this.operation = Objects.requireNonNull(operation, "operation");
    this.subject = subject;
  }

  /**
   * Returns the error number on this system.
   *
   * @return a positive number
   */
  public int errno() {
    return errno;
  }

  /**
   * Returns the operation that failed.
   *
   * @return the operation, such as {@code pidfd_send_signal}
   */
  public String operation() {
    return operation;
  }

  /**
   * Returns the subject of the operation.
   *
   * @return a path or a descriptor; empty if the operation has no subject
   */
  public String subject() {
    return subject;
  }
}
