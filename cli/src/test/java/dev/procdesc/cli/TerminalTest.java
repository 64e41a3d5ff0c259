package dev.procdesc.cli;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

final class TerminalTest {
  @Test
  void foregroundIsTheTerminalsGroup() {
    assertTrue(Terminal.inForeground("42 (java) S 1 42 40 34816 42 4194304 1 0"));
  }

  @Test
  void aBackgroundJobIsNot() {
    assertFalse(Terminal.inForeground("42 (java) S 1 42 40 34816 40 4194304 1 0"));
  }

  @Test
  void withoutTerminalNobodyIs() {
    assertFalse(Terminal.inForeground("42 (java) S 1 42 40 0 -1 4194304 1 0"));
  }

  @Test
  void aNameMayHaveAnything() {
    assertTrue(Terminal.inForeground("42 (a) S 1 (2) S 1 42 40 34816 42 4194304 1 0"));
  }

  @Test
  void nonsenseIsNoTerminal() {
    assertFalse(Terminal.inForeground(""));
  }
}
