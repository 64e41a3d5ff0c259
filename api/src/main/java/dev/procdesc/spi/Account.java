package dev.procdesc.spi;

import java.util.Objects;

/** A user or a group. */
public sealed interface Account {
  /**
   * By name, looked up at every spawn.
   *
   * @param name not empty
   */
  record Named(String name) implements Account {
    /**
     * Checks for null.
     *
     * @param name not empty
     */
    public Named {
      Objects.requireNonNull(name, "name");
    }
  }

  /**
   * By number.
   *
   * @param id 0 to 2^32 - 2
   */
  record Numbered(long id) implements Account {
    /**
     * Checks the range.
     *
     * @param id 0 to 2^32 - 2
     * @throws IllegalArgumentException if it is none
     */
    public Numbered {
      // 2^32 - 1 means "leave as it is" to setresuid(2), so it can be nobody's.
      if (id < 0 || id > 0xFFFF_FFFEL) {
        throw new IllegalArgumentException("a user or group ID is 0 to 4294967294, not " + id);
      }
    }
  }
}
