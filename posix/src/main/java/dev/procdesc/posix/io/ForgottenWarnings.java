package dev.procdesc.posix.io;

import static dev.procdesc.posix.io.Logging.LOG;

import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Logs the warnings about descriptors that the program has forgotten to close. A thread of its own
 * does so, because a slow or blocked log handler must not delay the cleanup after other objects.
 */
public final class ForgottenWarnings {
  private static final ConcurrentLinkedQueue<String> NAMES = new ConcurrentLinkedQueue<>();

  /** The number of warnings that were not logged; the thread runs while it is positive. */
  private static final AtomicInteger PENDING = new AtomicInteger();

  private ForgottenWarnings() {}

  /**
   * Logs a warning soon.
   *
   * @param name what the descriptor referred to, which is closed already
   */
  public static void add(String name) {
    NAMES.add(name);
    if (PENDING.getAndIncrement() > 0) {
      return;
    }
    try {
      Threads.startDaemon("procdesc warnings", ForgottenWarnings::log);
    } catch (OutOfMemoryError e) {
      log(); // The system can create no thread.
    }
  }

  private static void log() {
    do {
      String name = NAMES.remove();
      try {
        LOG.log(
            System.Logger.Level.WARNING,
            "the descriptor of {0} became unreachable without having been closed; it is closed now",
            name);
      } catch (RuntimeException | Error e) {
        failed(e);
      }
    } while (PENDING.decrementAndGet() > 0);
  }

  /** Reports a log handler that fails as the JVM does, without an end of the thread. */
  private static void failed(Throwable cause) {
    Thread current = Thread.currentThread();
    current.getUncaughtExceptionHandler().uncaughtException(current, cause);
  }
}
