package dev.procdesc.posix.probe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ProbeResult;
import dev.procdesc.posix.ffi.PosixNumbers;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class MechanismsTest {
  private static Mechanisms without(String disabled) {
    System.setProperty(Mechanisms.DISABLE, disabled);
    try {
      return new Mechanisms(Optional.empty(), ", or luck");
    } finally {
      System.clearProperty(Mechanisms.DISABLE);
    }
  }

  @Test
  void aCallDecides() {
    Mechanisms mechanisms = without("");
    assertTrue(mechanisms.decide("here", "here()", 3, "9.0"));
    assertFalse(mechanisms.decide("there", "there()", -PosixNumbers.EINVAL, "9.1"));
    assertEquals(new ProbeResult("here", true, "here()", ""), mechanisms.get("here"));
    assertEquals("9.1, or luck", mechanisms.get("there").lacks());
    assertTrue(mechanisms.get("there").how().startsWith("there(): EINVAL (22)"));
    assertTrue(mechanisms.has("here"));
    assertFalse(mechanisms.has("there"));
  }

  @Test
  void whatIsSwitchedOffIsAbsentWhateverACallSays() {
    Mechanisms mechanisms = without(" a, b,,");
    for (String name : List.of("a", "b")) {
      assertTrue(mechanisms.isDisabled(name));
      assertFalse(mechanisms.decide(name, "a call", 0, "1"));
      for (boolean present : new boolean[] {true, false}) {
        mechanisms.note(name, "a call", present, "1");
        assertEquals("that property to be unset", mechanisms.get(name).lacks());
      }
    }
    assertFalse(mechanisms.isDisabled(""));
    assertTrue(mechanisms.decide("c", "a call", 0, "1"));
  }

  @Test
  void whatNobodyAskedAboutIsNotProbed() {
    Mechanisms mechanisms = new Mechanisms(Optional.of("a newer kernel"), "");
    assertFalse(mechanisms.isKnown("x"));
    assertFalse(mechanisms.has("x"));
    assertEquals(
        "x: not probed, needs a newer kernel; y: not probed, needs a newer kernel",
        mechanisms.describe(List.of("x", "y")));
  }

  @Test
  void aPresentMechanismIsNotDescribedAsMissing() {
    Mechanisms mechanisms = without("");
    mechanisms.note("stub", "mmap, mprotect(PROT_EXEC)", true, "");
    mechanisms.absent("pdfork", "pdfork()", "a newer kernel");
    assertEquals(
        "pdfork: pdfork(), needs a newer kernel", mechanisms.describe(List.of("stub", "pdfork")));
  }
}
