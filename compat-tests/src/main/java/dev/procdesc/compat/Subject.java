package dev.procdesc.compat;

import java.io.IOException;

/** A way to start children, which the contracts are tested on. */
public interface Subject {
  /**
   * Starts a child with pipes at its standard input, output and error.
   *
   * @param command the command to run
   * @return the child, running
   * @throws IOException if it cannot be started
   */
  Child start(Command command) throws IOException;
}
