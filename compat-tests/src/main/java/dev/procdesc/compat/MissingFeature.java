package dev.procdesc.compat;

import dev.procdesc.Feature;
import org.opentest4j.TestAbortedException;

/** Skips a test because the running system lacks a feature. */
public final class MissingFeature extends TestAbortedException {
  private static final long serialVersionUID = 1L;

  /** The missing feature. */
  private final Feature feature;

  /** The requirement that is not met, in words. */
  private final String lacks;

  MissingFeature(Feature feature, String lacks) {
    super(feature + " is absent: needs " + lacks);
    this.feature = feature;
    this.lacks = lacks;
  }

  /**
   * Returns the missing feature.
   *
   * @return the feature
   */
  public Feature feature() {
    return feature;
  }

  /**
   * Returns the requirement that is not met.
   *
   * @return the requirement, such as {@code Linux 6.15}
   */
  public String lacks() {
    return lacks;
  }
}
