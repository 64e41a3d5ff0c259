package dev.procdesc.spi;

import java.util.Objects;

/** The program that a child executes. */
public sealed interface Program {
  /**
   * A program by name or path. A name with a slash is a path, a name without one is searched for in
   * PATH.
   *
   * @param name the name, not empty, without NUL
   * @param asProcessBuilder whether the rules are those of {@link ProcessBuilder}: the search uses
   *     the PATH of this JVM instead of the child's, and a file that is neither a program nor a
   *     script with a {@code #!} line is run by {@code /bin/sh}
   */
  record Named(String name, boolean asProcessBuilder) implements Program {
    /**
     * Checks for null.
     *
     * @param name see {@link #name()}
     * @param asProcessBuilder see {@link #asProcessBuilder()}
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
