package dev.procdesc;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** The result of {@link Pipeline#run()}: the results of all parts, which have ended. */
public final class CompletedPipeline {
  private final List<CompletedProcess> parts;
  private final PipelineStatus statuses;

  CompletedPipeline(List<CompletedProcess> parts, boolean pipefail) {
    this.parts = List.copyOf(parts);
    this.statuses =
        new PipelineStatus(parts.stream().map(CompletedProcess::status).toList(), pipefail);
  }

  /**
   * Returns this if the status of the pipeline is {@code Exited(0)}.
   *
   * @return this
   * @throws FailedProcessException with the command, the status and the errors of the part whose
   *     status is that of the pipeline
   */
  public CompletedPipeline orThrow() throws FailedProcessException {
    var unused = parts.get(statuses.decisive()).orThrow();
    return this;
  }

  /**
   * Returns the results of the parts. Each has the errors of that part; the last one has the output
   * of the pipeline.
   *
   * @return an unmodifiable list, in the order of the pipeline
   */
  public List<CompletedProcess> parts() {
    return parts;
  }

  /**
   * Returns the exit statuses.
   *
   * @return the statuses, among them that of the pipeline
   */
  public PipelineStatus statuses() {
    return statuses;
  }

  /**
   * Returns what was captured of the standard output of the last part.
   *
   * @return a new array; empty if the spawner sent the output elsewhere
   */
  public byte[] stdout() {
    return last().stdout();
  }

  /**
   * Returns what was captured of the standard output of the last part as text in UTF-8.
   *
   * @return the text; malformed bytes are replaced
   */
  public String stdoutText() {
    return stdoutText(StandardCharsets.UTF_8);
  }

  /**
   * Returns what was captured of the standard output of the last part as text.
   *
   * @param charset the encoding
   * @return the text; malformed bytes are replaced
   */
  public String stdoutText(Charset charset) {
    return last().stdoutText(charset);
  }

  private CompletedProcess last() {
    return parts.get(parts.size() - 1);
  }

  @Override
  public String toString() {
    return Commands.quoteAll(parts.stream().map(CompletedProcess::command).toList())
        + " "
        + Commands.describe(statuses.status());
  }
}
