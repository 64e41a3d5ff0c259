package dev.procdesc;

import java.util.Objects;

/**
 * A method was called on a descriptor that was restricted ({@link ProcessDescriptor#restrict}) and
 * lacks the right to it. Nothing was done.
 */
public final class MissingRightException extends IllegalStateException {
  private static final long serialVersionUID = 1L;

  /** What is missing. */
  private final Right right;

  /**
   * A right that is missing.
   *
   * @param right which
   */
  public MissingRightException(Right right) {
    super("this descriptor was restricted and lacks the right " + right);
    this.right = Objects.requireNonNull(right, "right");
  }

  /**
   * What is missing.
   *
   * @return the right that the method needs
   */
  public Right right() {
    return right;
  }
}
