package dev.procdesc;

import java.util.Objects;

/**
 * One of the ways in which a backend does its work: a rung of a ladder that it climbs down where
 * the kernel, the C library or a sandbox lacks the better one.
 *
 * @param name its name in the system property {@code dev.procdesc.disable}, a comma-separated list
 *     of mechanisms to leave out
 * @param present whether it can be used
 * @param how the call that told
 * @param lacks what would be needed; empty if present
 */
public record Mechanism(String name, boolean present, String how, String lacks) {
  /**
   * Checks for nulls.
   *
   * @param name its name in the system property {@code dev.procdesc.disable}, a comma-separated
   *     list of mechanisms to leave out
   * @param present whether it can be used
   * @param how the call that told
   * @param lacks what would be needed; empty if present
   */
  public Mechanism {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(how, "how");
    Objects.requireNonNull(lacks, "lacks");
  }
}
