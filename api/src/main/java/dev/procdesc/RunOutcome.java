package dev.procdesc;

/** The end of a run, from which the caller's thread makes a result or an exception. */
sealed interface RunOutcome {
  /** The child has ended by itself. */
  record Completed() implements RunOutcome {}

  /** The time was over. */
  record TimedOut() implements RunOutcome {}

  /** An output exceeded its limit. */
  record TooLong(OutputCapture output) implements RunOutcome {}

  /** The input, an output or the wait failed. */
  record Failed(Throwable cause) implements RunOutcome {}

  /** The caller was interrupted or cancelled the run. */
  record Cancelled() implements RunOutcome {}
}
