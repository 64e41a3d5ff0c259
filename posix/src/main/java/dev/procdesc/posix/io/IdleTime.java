package dev.procdesc.posix.io;

import static dev.procdesc.posix.io.Logging.LOG;

import java.time.DateTimeException;
import java.time.Duration;

/** The time after which the library gives back what it does not use. */
public final class IdleTime {
  /** The system property that sets another time, as text of {@link Duration}. */
  public static final String PROPERTY = "dev.procdesc.idle";

  /** The time in milliseconds, which a timeout of {@code poll} can express. */
  static final long MILLIS = read();

  private IdleTime() {}

  private static long read() {
    Duration time = Duration.ofSeconds(30);
    String text = System.getProperty(PROPERTY);
    try {
      if (text != null) {
        time = Duration.parse(text);
      }
    } catch (DateTimeException e) {
      LOG.log(
          System.Logger.Level.WARNING, "-D{0}={1} is not a duration such as PT30S", PROPERTY, text);
    }
    long millis = Deadline.nanos(time) / 1_000_000;
    return Math.max(1, Math.min(Integer.MAX_VALUE, millis));
  }
}
