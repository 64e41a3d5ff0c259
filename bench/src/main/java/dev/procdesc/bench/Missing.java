package dev.procdesc.bench;

import java.util.Optional;
import java.util.StringJoiner;

/**
 * The absence of a result.
 *
 * @param reason the reason, as one line
 * @param thrown the exception with which the measurement failed; empty if the measurement does not
 *     apply to this machine
 */
record Missing(String reason, Optional<Throwable> thrown) {
  /** Returns the absence of a result that does not apply to this machine. */
  static Missing notRun(String reason) {
    return new Missing(reason, Optional.empty());
  }

  /** Returns the absence of a result whose measurement ended with an exception. */
  static Missing failed(Throwable thrown) {
    StringJoiner chain = new StringJoiner(", caused by ");
    for (Throwable each = thrown; each != null; each = each.getCause()) {
      chain.add(each.toString());
    }
    // The reason is a cell of a table and must not break its line.
    return new Missing(chain.toString().strip().replaceAll("\\s+", " "), Optional.of(thrown));
  }

  /** Returns whether the measurement failed. */
  boolean failed() {
    return thrown.isPresent();
  }

  /** Returns the reason with a word that tells a failure from the rest. */
  String describe() {
    return (failed() ? "FAILED: " : "not run: ") + reason;
  }
}
