package dev.procdesc.spi;

/**
 * The version of the library. The compiler copies the constant into each artifact that uses it, so
 * that artifacts of different versions on one path are detected.
 */
public final class LibraryVersion {
  /** The version of all artifacts of the library; the same as in the POMs. */
  public static final String VERSION = "0.1.0-SNAPSHOT";

  private LibraryVersion() {}
}
