package dev.procdesc.posix.io;

/**
 * The logger of the library, created at the first message. Its creation searches for the logging
 * framework of the application, which costs a cold JVM some milliseconds.
 */
public final class Logging {
  public static final System.Logger LOG = System.getLogger("dev.procdesc");

  private Logging() {}
}
