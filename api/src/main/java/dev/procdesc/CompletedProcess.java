package dev.procdesc;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * The result of {@link Spawner#run()}: the exit status of a child that has ended by itself, and its
 * output.
 */
public final class CompletedProcess {
  private final List<String> command;
  private final ExitStatus status;
  private final CapturedOutput stdout;
  private final CapturedOutput stderr;
  private final boolean outputComplete;
  private final Duration duration;
  private final Optional<ResourceUsage> usage;

  CompletedProcess(
      List<String> command,
      ExitStatus status,
      CapturedOutput stdout,
      CapturedOutput stderr,
      boolean outputComplete,
      Duration duration,
      Optional<ResourceUsage> usage) {
    this.command = command;
    this.status = status;
    this.stdout = stdout;
    this.stderr = stderr;
    this.outputComplete = outputComplete;
    this.duration = duration;
    this.usage = usage;
  }

  /**
   * Returns this if the child exited with 0.
   *
   * @return this
   * @throws FailedProcessException if it exited with another code, was killed by a signal, or has
   *     an unknown status
   */
  public CompletedProcess orThrow() throws FailedProcessException {
    if (!status.isSuccess()) {
      throw new FailedProcessException(command, status, stdout, stderr);
    }
    return this;
  }

  /**
   * Returns the command.
   *
   * @return the program and its arguments
   */
  public List<String> command() {
    return command;
  }

  /**
   * Returns the exit status.
   *
   * @return the status
   */
  public ExitStatus status() {
    return status;
  }

  /**
   * Returns what was captured of standard output.
   *
   * @return a new array; empty if the spawner sent the output elsewhere
   */
  public byte[] stdout() {
    return stdout.copy();
  }

  /**
   * Returns what was captured of standard error.
   *
   * @return a new array; empty if the spawner sent the output elsewhere
   */
  public byte[] stderr() {
    return stderr.copy();
  }

  /**
   * Returns what was captured of standard output as text in UTF-8.
   *
   * @return the text; malformed bytes are replaced
   */
  public String stdoutText() {
    return stdoutText(StandardCharsets.UTF_8);
  }

  /**
   * Returns what was captured of standard error as text in UTF-8.
   *
   * @return the text; malformed bytes are replaced
   */
  public String stderrText() {
    return stderrText(StandardCharsets.UTF_8);
  }

  /**
   * Returns what was captured of standard output as text.
   *
   * @param charset the encoding
   * @return the text; malformed bytes are replaced
   */
  public String stdoutText(Charset charset) {
    return stdout.text(charset);
  }

  /**
   * Returns what was captured of standard error as text.
   *
   * @param charset the encoding
   * @return the text; malformed bytes are replaced
   */
  public String stderrText(Charset charset) {
    return stderr.text(charset);
  }

  /**
   * Returns whether the child wrote more to standard output than was captured: see
   * {@link Capture.Excess}.
   *
   * @return true if bytes were discarded
   */
  public boolean stdoutTruncated() {
    return stdout.truncated();
  }

  /**
   * Returns whether the child wrote more to standard error than was captured: see
   * {@link Capture.Excess}.
   *
   * @return true if bytes were discarded
   */
  public boolean stderrTruncated() {
    return stderr.truncated();
  }

  /**
   * Returns whether the captured outputs were read to their end of file.
   *
   * @return false if a descendant of the child had a pipe open for longer than
   *     {@link RunOptions#outputAfterExit}
   */
  public boolean outputComplete() {
    return outputComplete;
  }

  /**
   * Returns the time from the start of the child to the end of the run.
   *
   * @return the time, which includes that of {@link Spawner#spawn()}
   */
  public Duration duration() {
    return duration;
  }

  /**
   * Returns the resource usage of the child.
   *
   * @return empty unless {@link Spawner#collectUsage(boolean)} requested it; see
   *     {@link ProcessDescriptor#resourceUsage()}
   */
  public Optional<ResourceUsage> usage() {
    return usage;
  }

  @Override
  public String toString() {
    return Commands.quote(command) + " " + Commands.describe(status);
  }
}
