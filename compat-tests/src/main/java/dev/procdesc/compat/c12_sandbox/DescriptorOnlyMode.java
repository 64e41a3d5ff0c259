package dev.procdesc.compat.c12_sandbox;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.Feature;
import dev.procdesc.Platform;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.compat.Differences;
import dev.procdesc.compat.Requires;

/** Requires one of the two kinds of descriptor-only mode, and enters the mode. */
final class DescriptorOnlyMode {
  private DescriptorOnlyMode() {}

  /** Requires a mode that refuses PIDs and allows the names of programs and files, as on Linux. */
  static void requireOtherNamesAllowed() {
    Requires.feature(Feature.DESCRIPTOR_ONLY_MODE);
    Requires.that(
        !Differences.descriptorOnlyModeRefusesEveryName(),
        "a mode that allows the names of programs and files; see CapabilityModeTest for the other");
  }

  /**
   * Requires a mode that refuses every name, as FreeBSD's capability mode does, and spawning by
   * descriptor.
   */
  static void requireEveryNameRefused() {
    Requires.feature(Feature.DESCRIPTOR_ONLY_MODE);
    Requires.feature(Feature.SPAWN_BY_DESCRIPTOR);
    Requires.that(
        Differences.descriptorOnlyModeRefusesEveryName(), "a mode that refuses every name");
  }

  /** Enters the mode twice, because entering it again must succeed and change nothing. */
  static void enter() throws ProcessDescriptorException {
    assertFalse(Platform.current().inDescriptorOnlyMode());
    Platform.current().enterDescriptorOnlyMode();
    assertTrue(Platform.current().inDescriptorOnlyMode());
    Platform.current().enterDescriptorOnlyMode();
    assertTrue(Platform.current().inDescriptorOnlyMode());
  }
}
