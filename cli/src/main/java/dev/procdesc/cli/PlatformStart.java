package dev.procdesc.cli;

import dev.procdesc.Platform;
import dev.procdesc.UnsupportedFeatureException;

/**
 * Starts the library while the command line is parsed. Each takes a third of the run time of
 * {@code pd run -- true}, and neither needs the other.
 */
final class PlatformStart implements Runnable {
  private PlatformStart() {}

  /** Starts the library; its first use waits until it has started. */
  static void begin() {
    Thread thread = new Thread(new PlatformStart(), "platform start");
    thread.setDaemon(true);
    thread.start();
  }

  @Override
  public void run() {
    try {
      Platform.current();
    } catch (UnsupportedFeatureException e) {
      // The command gets the same exception, and reports it.
      return;
    }
  }
}
