package dev.procdesc;

import java.io.IOException;
import java.io.ObjectInputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Thrown when a run has no result to return, although its child was started: see the subclasses.
 * The child has ended. {@link #stdout()} and {@link #stderr()} are what was captured.
 */
public abstract sealed class RunException extends IOException
    permits RunTimeoutException, OutputLimitException, FailedProcessException {
  private static final long serialVersionUID = 1L;

  /** The command. */
  private final String[] command;

  /** The captured standard output; empty after deserialization. */
  private transient CapturedOutput stdout;

  /** The captured standard error; empty after deserialization. */
  private transient CapturedOutput stderr;

  RunException(String message, List<String> command, CapturedOutput stdout, CapturedOutput stderr) {
    super(message);
    this.command = command.toArray(String[]::new);
    this.stdout = stdout;
    this.stderr = stderr;
  }

  /**
   * Returns the command. For a {@link Pipeline} it is that of the part that failed or wrote too
   * much, and that of the last part if the time was over.
   *
   * @return the program and its arguments
   */
  public List<String> command() {
    return List.of(command);
  }

  /**
   * Returns what was captured of standard output.
   *
   * @return a new array; empty after deserialization
   */
  public byte[] stdout() {
    return stdout.copy();
  }

  /**
   * Returns what was captured of standard error.
   *
   * @return a new array; empty after deserialization
   */
  public byte[] stderr() {
    return stderr.copy();
  }

  /**
   * Returns what was captured of standard output as text.
   *
   * @return the text, decoded as UTF-8; malformed bytes are replaced
   */
  public String stdoutText() {
    return stdout.text(StandardCharsets.UTF_8);
  }

  /**
   * Returns what was captured of standard error as text.
   *
   * @return the text, decoded as UTF-8; malformed bytes are replaced
   */
  public String stderrText() {
    return stderr.text(StandardCharsets.UTF_8);
  }

  /**
   * Reads an exception, which has no output then.
   *
   * @param in the stream
   * @throws IOException if the stream cannot be read
   * @throws ClassNotFoundException if a class of a field is missing
   */
  private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
    in.defaultReadObject();
    stdout = CapturedOutput.NONE;
    stderr = CapturedOutput.NONE;
  }
}
