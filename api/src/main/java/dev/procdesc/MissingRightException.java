package dev.procdesc;

import java.util.Objects;

/**
 * Thrown when a method needs a {@link Right} that the descriptor lacks because it was restricted
 * ({@link ProcessDescriptor#restrict}). The method had no effect.
 */
public final class MissingRightException extends IllegalStateException {
  private static final long serialVersionUID = 1L;

  /** The missing right. */
  private final Right right;

  /**
   * Constructs an exception for a missing right.
   *
   * @param right the right
   */
  public MissingRightException(Right right) {
    super("this descriptor was restricted and lacks the right " + right);
    this.right = Objects.requireNonNull(right, "right");
  }

  /**
   * Returns the missing right.
   *
   * @return the right that the method needs
   */
  public Right right() {
    return right;
  }
}
