package dev.procdesc.compat;

import dev.procdesc.Feature;
import org.opentest4j.TestAbortedException;

/** A test is skipped, because the running system lacks a feature. */
public final class MissingFeature extends TestAbortedException {
  private static final long serialVersionUID = 1L;

  /** What lacks. */
  private final Feature feature;

  /** What lacks, in words. */
  private final String lacks;

  MissingFeature(Feature feature, String lacks) {
    super(feature + " is absent: needs " + lacks);
    this.feature = feature;
    this.lacks = lacks;
  }

  /**
   * What lacks.
   *
   * @return the feature
   */
  public Feature feature() {
    return feature;
  }

  /**
   * What would have the feature.
   *
   * @return such as {@code Linux 6.15}
   */
  public String lacks() {
    return lacks;
  }
}
