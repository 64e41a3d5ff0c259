package dev.procdesc.compat.report;

/** The outcome of a test. */
public enum Outcome {
  /** The test passed. */
  PASSED,
  /** The test failed. */
  FAILED,
  /** The test was skipped because the running system lacks a feature. */
  LACKS_FEATURE,
  /** The test was skipped because of the environment of the suite. */
  LACKS_CONDITION
}
