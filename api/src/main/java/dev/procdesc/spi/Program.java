package dev.procdesc.spi;

import java.util.Objects;

/** The program that a child executes. */
public sealed interface Program {
  /**
   * A program by name or path, by the rules of {@code execvp}: a name with a slash is a path, a
   * name without one is searched for in PATH.
   *
   * @param name the name, not empty, without NUL
   */
  record Named(String name) implements Program {
    /**
     * Checks for null.
     *
     * @param name see {@link #name()}
     */
    public Named {
      Objects.requireNonNull(name, "name");
    }
  }

  /**
   * A program by an open descriptor of this JVM.
   *
   * @param fd the descriptor number
   */
  record Descriptor(int fd) implements Program {}
}
