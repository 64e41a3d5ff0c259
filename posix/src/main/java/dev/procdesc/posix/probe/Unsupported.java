package dev.procdesc.posix.probe;

import dev.procdesc.Feature;
import dev.procdesc.Platform;
import dev.procdesc.UnsupportedFeatureException;

/** Creates the exception for a feature that the running system lacks. */
public final class Unsupported {
  private Unsupported() {}

  /**
   * Returns an exception that names the running system.
   *
   * @param lacks the call or version that would provide the feature
   */
  public static UnsupportedFeatureException feature(Feature feature, String lacks) {
    return new UnsupportedFeatureException(feature, Platform.current().system(), lacks);
  }
}
