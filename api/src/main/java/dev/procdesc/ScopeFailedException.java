package dev.procdesc;

import java.io.IOException;

/**
 * Thrown when a child is to start in a {@link ProcessScope}, or is added to one, that ends its
 * children because one of them has failed.
 */
public final class ScopeFailedException extends IOException {
  private static final long serialVersionUID = 1L;

  /**
   * Constructs an exception for a scope that has failed.
   *
   * @param failed the first child that failed; the message names it and its exit status
   */
  public ScopeFailedException(ChildProcess failed) {
    super("the scope ends its children, because one of them has failed: " + failed);
  }
}
