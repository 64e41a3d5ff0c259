package dev.procdesc.spi;

import java.util.Objects;

/** A user or a group. */
public sealed interface Account {
  /**
   * An account by name, looked up at every spawn.
   *
   * @param name the name, not empty
   */
  record Named(String name) implements Account {
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
   * An account by ID.
   *
   * @param id the ID, 0 to 2^32 - 2
   */
  record Numbered(long id) implements Account {
    /**
     * Checks the range.
     *
     * @param id see {@link #id()}
     * @throws IllegalArgumentException if the ID is out of range
     */
    public Numbered {
      // setresuid(2) takes 2^32 - 1 as "unchanged", so no account can have that ID.
      if (id < 0 || id > 0xFFFF_FFFEL) {
        throw new IllegalArgumentException("a user or group ID must be 0 to 4294967294, not " + id);
      }
    }
  }
}
