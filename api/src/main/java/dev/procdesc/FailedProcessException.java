package dev.procdesc;

import java.io.IOException;
import java.io.ObjectInputStream;
import java.util.List;

/**
 * Thrown by {@link CompletedProcess#orThrow()} if a child did not exit with 0. The message has the
 * command, the exit status and the end of standard error.
 */
public final class FailedProcessException extends RunException {
  private static final long serialVersionUID = 1L;

  /** The exit status; unknown after deserialization. */
  private transient ExitStatus status;

  FailedProcessException(
      List<String> command, ExitStatus status, CapturedOutput stdout, CapturedOutput stderr) {
    super(
        Commands.quote(command) + " " + Commands.describe(status) + Commands.tail(stderr),
        command,
        stdout,
        stderr);
    this.status = status;
  }

  /**
   * Returns the exit status.
   *
   * @return the status; {@link ExitStatus.Unknown} after deserialization
   */
  public ExitStatus status() {
    return status;
  }

  /**
   * Reads an exception, whose exit status is unknown then.
   *
   * @param in the stream
   * @throws IOException if the stream cannot be read
   * @throws ClassNotFoundException if a class of a field is missing
   */
  private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
    in.defaultReadObject();
    status = new ExitStatus.Unknown("the exception was deserialized");
  }
}
