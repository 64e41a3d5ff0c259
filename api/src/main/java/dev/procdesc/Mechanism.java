package dev.procdesc;

import java.util.Objects;

/**
 * A mechanism that a backend uses for its work. A backend falls back to the next mechanism where
 * the kernel, the C library or a sandbox lacks a better one.
 *
 * @param name the name in the system property {@code dev.procdesc.disable}, a comma-separated list
 *     of mechanisms to disable
 * @param present true if the mechanism can be used
 * @param how the call that determined this
 * @param lacks what the mechanism needs; empty if it is present
 */
public record Mechanism(String name, boolean present, String how, String lacks) {
  /**
   * Checks for nulls.
   *
   * @param name see {@link #name()}
   * @param present see {@link #present()}
   * @param how see {@link #how()}
   * @param lacks see {@link #lacks()}
   */
  public Mechanism {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(how, "how");
    Objects.requireNonNull(lacks, "lacks");
  }
}
