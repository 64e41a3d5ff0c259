package dev.procdesc;

/** A method that needs the descriptor was called after {@link ProcessDescriptor#close()}. */
public final class ClosedDescriptorException extends IllegalStateException {
  private static final long serialVersionUID = 1L;

  /**
   * A use after close.
   *
   * @param message what was closed
   */
  public ClosedDescriptorException(String message) {
    super(message);
  }
}
