package dev.procdesc.spi;

import java.util.Objects;

/** Which program a child executes. */
public sealed interface Program {
  /**
   * By the rules of {@code execvp}: a name with a slash is a path, one without is searched for in
   * PATH.
   *
   * @param name not empty, without NUL
   */
  record Named(String name) implements Program {
    /**
     * Checks for null.
     *
     * @param name not empty, without NUL
     */
    public Named {
      Objects.requireNonNull(name, "name");
    }
  }

  /**
   * An open descriptor of this JVM.
   *
   * @param fd its number
   */
  record Descriptor(int fd) implements Program {}
}
