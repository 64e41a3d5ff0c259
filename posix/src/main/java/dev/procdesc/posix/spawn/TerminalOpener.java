package dev.procdesc.posix.spawn;

import dev.procdesc.SpawnException;

/** Opens the terminals of children; each system has other calls for that. */
public interface TerminalOpener {
  /**
   * Opens a pseudo-terminal. Neither end becomes the controlling terminal of this JVM.
   *
   * @throws SpawnException if that fails; neither end is open then
   */
  TerminalPair openTerminal() throws SpawnException;
}
