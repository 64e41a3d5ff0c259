package dev.procdesc.compat.report;

/** How a test ended. */
public enum Outcome {
  /** It holds. */
  PASSED,
  /** It does not. */
  FAILED,
  /** The running system lacks a feature. */
  LACKS_FEATURE,
  /** The place where the suite runs lacks something. */
  LACKS_CONDITION
}
