package dev.procdesc;

import java.util.Objects;

/**
 * The presence of a {@link Feature}, the call that determined it, and what is missing if it is
 * absent.
 *
 * @param feature the feature
 * @param present true if the feature can be used
 * @param how the call or mechanism that determined this, such as {@code ioctl(PIDFD_GET_INFO)}
 * @param lacks what the feature needs, such as {@code Linux 6.15}; empty if it is present
 */
public record FeatureReport(Feature feature, boolean present, String how, String lacks) {
  /**
   * Checks for nulls.
   *
   * @param feature see {@link #feature()}
   * @param present see {@link #present()}
   * @param how see {@link #how()}
   * @param lacks see {@link #lacks()}
   */
  public FeatureReport {
    Objects.requireNonNull(feature, "feature");
    Objects.requireNonNull(how, "how");
    Objects.requireNonNull(lacks, "lacks");
  }
}
