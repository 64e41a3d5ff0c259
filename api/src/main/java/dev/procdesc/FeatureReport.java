package dev.procdesc;

import java.util.Objects;

/**
 * Whether a {@link Feature} is there, how that was found out, and what lacks if it is not.
 *
 * @param feature the feature
 * @param present whether it can be used
 * @param how the call or mechanism that told, such as {@code ioctl(PIDFD_GET_INFO)}
 * @param lacks what would be needed, such as {@code Linux 6.15}; empty if present
 */
public record FeatureReport(Feature feature, boolean present, String how, String lacks) {
  /**
   * Checks for nulls.
   *
   * @param feature the feature
   * @param present whether it can be used
   * @param how the call or mechanism that told, such as {@code ioctl(PIDFD_GET_INFO)}
   * @param lacks what would be needed, such as {@code Linux 6.15}; empty if present
   */
  public FeatureReport {
    Objects.requireNonNull(feature, "feature");
    Objects.requireNonNull(how, "how");
    Objects.requireNonNull(lacks, "lacks");
  }
}
