package dev.procdesc;

import java.util.Objects;

/**
 * The result of a probe: the presence of a {@link Feature}, or of a mechanism that a backend uses
 * for its work. A backend falls back to the next mechanism where the kernel, the C library or a
 * sandbox lacks a better one.
 *
 * @param name the name of the feature, or the name of the mechanism in the system property
 *     {@code dev.procdesc.disable}, a comma-separated list of mechanisms to disable
 * @param present true if the feature or mechanism can be used
 * @param how the call or mechanism that determined this, such as {@code ioctl(PIDFD_GET_INFO)}
 * @param lacks the missing version, call or permission; empty if present
 */
public record ProbeResult(String name, boolean present, String how, String lacks) {
  /**
   * Checks for nulls.
   *
   * @param name see {@link #name()}
   * @param present see {@link #present()}
   * @param how see {@link #how()}
   * @param lacks see {@link #lacks()}
   */
  public ProbeResult {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(how, "how");
    Objects.requireNonNull(lacks, "lacks");
  }

  /**
   * Returns the same result under the name of a feature.
   *
   * @param feature the feature that the probed mechanism provides
   * @return the result of the probe for the feature
   */
  public ProbeResult of(Feature feature) {
    return new ProbeResult(feature.name(), present, how, lacks);
  }
}
