package dev.procdesc;

import java.util.Objects;

/**
 * Thrown when the running system lacks a feature that the call needs. The message names the version
 * or mechanism that provides it.
 */
public final class UnsupportedFeatureException extends UnsupportedOperationException {
  private static final long serialVersionUID = 1L;

  /** The absent feature. */
  private final Feature feature;

  /**
   * Constructs an exception for an absent feature.
   *
   * @param feature the absent feature
   * @param system the running system, such as {@code Linux 5.10.0 x86_64}
   * @param lacks what the feature needs
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
   * Constructs an exception for a feature that the installation of the library lacks.
   *
   * @param feature the absent feature
   * @param message the cause and the remedy, in whole sentences
   */
  UnsupportedFeatureException(Feature feature, String message) {
    super(message);
    this.feature = feature;
  }

  /**
   * Returns the absent feature.
   *
   * @return the feature
   */
  public Feature feature() {
    return feature;
  }
}
