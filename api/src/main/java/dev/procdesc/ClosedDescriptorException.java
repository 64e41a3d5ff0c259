package dev.procdesc;

/**
 * Thrown when a method that needs the descriptor is called after {@link ProcessDescriptor#close()},
 * and when the exit status of a process is requested whose descriptor was closed while the process
 * lived on.
 */
public final class ClosedDescriptorException extends IllegalStateException {
  private static final long serialVersionUID = 1L;

  /**
   * Constructs an exception for a use after close.
   *
   * @param message the detail message, which names the closed descriptor
   */
  public ClosedDescriptorException(String message) {
    super(message);
  }
}
