package dev.procdesc;

import java.util.List;

/**
 * The exit statuses of the parts of a pipeline that has ended.
 *
 * @param parts the status of each part, in the order of the pipeline; at least one
 * @param pipefail see {@link Pipeline#pipefail(boolean)}
 */
public record PipelineStatus(List<ExitStatus> parts, boolean pipefail) {
  /**
   * Makes the list immutable.
   *
   * @param parts see {@link #parts()}
   * @param pipefail see {@link #pipefail()}
   * @throws IllegalArgumentException if the list is empty
   */
  public PipelineStatus {
    parts = List.copyOf(parts);
    if (parts.isEmpty()) {
      throw new IllegalArgumentException("a pipeline has at least one part");
    }
  }

  /**
   * Returns the status of the pipeline: that of the last part; with {@link #pipefail()} that of the
   * last part that did not exit with 0, if there is one.
   *
   * @return the status
   */
  public ExitStatus status() {
    return parts.get(decisive());
  }

  /** Returns the index of the part whose status is that of the pipeline. */
  int decisive() {
    int last = parts.size() - 1;
    for (int i = last; pipefail && i >= 0; i--) {
      if (!parts.get(i).isSuccess()) {
        return i;
      }
    }
    return last;
  }

  /**
   * Returns whether the status of the pipeline is {@code Exited(0)}.
   *
   * @return as {@link ExitStatus#isSuccess()}
   */
  public boolean isSuccess() {
    return status().isSuccess();
  }
}
