package dev.procdesc.spi;

import java.util.List;

/** The supplementary groups of a child. */
public sealed interface SupplementaryGroups {
  /**
   * The groups that the group database lists for the child's user; those of the JVM if the child
   * does not change its user.
   */
  record OfUser() implements SupplementaryGroups {}

  /** The groups of the JVM, also if the child changes its user. */
  record Kept() implements SupplementaryGroups {}

  /**
   * Exactly the given groups.
   *
   * @param groups the groups; empty for none
   */
  record Listed(List<Account> groups) implements SupplementaryGroups {
    /**
     * Makes the list immutable.
     *
     * @param groups see {@link #groups()}
     */
    public Listed {
      groups = List.copyOf(groups);
    }
  }

  /**
   * Returns whether the child gets other groups than the JVM's even if it does not change its user.
   *
   * @return true for {@link Listed}
   */
  default boolean isChange() {
    return this instanceof Listed;
  }
}
