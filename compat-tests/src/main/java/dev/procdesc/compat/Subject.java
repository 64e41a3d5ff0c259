package dev.procdesc.compat;

import java.io.IOException;

/** What a contract is tried on: a way to start children. */
public interface Subject {
  /**
   * Starts a child with pipes at its standard input, output and error.
   *
   * @param command what to run, and where
   * @return the child, running
   * @throws IOException if it cannot be started
   */
  Child start(Command command) throws IOException;
}
