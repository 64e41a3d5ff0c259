package dev.procdesc;

import java.util.Objects;

/** The running system lacks a feature that the call needs. The message names what would have it. */
public final class UnsupportedFeatureException extends UnsupportedOperationException {
  private static final long serialVersionUID = 1L;

  /** What is absent. */
  private final Feature feature;

  /**
   * An absent feature.
   *
   * @param feature what is absent
   * @param system the running system, such as {@code Linux 5.10.0 x86_64}
   * @param lacks what would be needed
   */
  public UnsupportedFeatureException(Feature feature, String system, String lacks) {
    super("this system ("
        + system
        + ") lacks "
        + feature
        + " ("
        + feature.description()
        + "): "
        + lacks);
    this.feature = Objects.requireNonNull(feature, "feature");
  }

  /**
   * What is absent.
   *
   * @return the feature
   */
  public Feature feature() {
    return feature;
  }
}
