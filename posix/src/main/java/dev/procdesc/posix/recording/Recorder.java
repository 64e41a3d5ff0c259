package dev.procdesc.posix.recording;

import dev.procdesc.ExitStatus;
import dev.procdesc.OnClose;
import dev.procdesc.posix.io.Logging;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Records what the library does. There is no recorder before the application, its user or an agent
 * has started the JDK's Flight Recorder, and none without the module {@code jdk.jfr}.
 *
 * <p>The first class of an event loads about 100 other classes of {@code jdk.jfr}, which would take
 * a first spawn more time than all the rest. So this class looks whether the JVM has loaded a class
 * of that module before: only then can there be a recording. A look is a search by name, which
 * loads nothing and takes less than a microsecond; it is repeated at most every 20 milliseconds,
 * because a recording may start at any time.
 */
public abstract class Recorder {
  private static final String FLIGHT_RECORDER = "jdk.jfr";
  private static final long LOOK_NANOS = 20_000_000;

  private static volatile @Nullable Recorder current;

  /** Set when the recorder cannot be used. */
  private static volatile boolean unusable;

  private static volatile long lastLook = System.nanoTime() - LOOK_NANOS;

  /** A spawn that is in progress. */
  public interface Spawn {
    /** Records that the child executes its program. */
    void succeeded(OptionalLong pid);

    /** Records that there is no child. */
    void failed(Exception cause);
  }

  /** The life of a child, from its start. */
  public interface Life {
    /** Records the end of the child. */
    void ended(OptionalLong pid, ExitStatus status);
  }

  /** A message with descriptors that is being sent or received. */
  public interface Transfer {
    /** Records that the message was sent or received. */
    void succeeded(int bytes, int processes);
  }

  /** Returns the recorder; null if none was found so far. */
  public static @Nullable Recorder current() {
    return current;
  }

  /** Returns the recorder, which this method looks for if none was found so far; null if none. */
  public static @Nullable Recorder find() {
    Recorder found = current;
    if (found != null) {
      return found;
    }
    long now = System.nanoTime();
    if (now - lastLook < LOOK_NANOS) {
      return null;
    }
    lastLook = now;
    return hasFlightRecorder() ? start() : null;
  }

  /** Returns whether the JVM has loaded a class of the Flight Recorder. */
  @SuppressWarnings("deprecation") // The successor does not search the boot loader.
  private static boolean hasFlightRecorder() {
    // A package is defined when the first of its classes is.
    return Package.getPackage(FLIGHT_RECORDER) != null;
  }

  private static @Nullable Recorder start() {
    if (unusable) {
      return null;
    }
    try {
      Recorder started = JfrRecorder.start();
      if (started != null) {
        current = started;
      }
      return started;
    } catch (LinkageError e) {
      unusable = true;
      Logging.LOG.log(
          System.Logger.Level.WARNING, "no events are recorded by the Flight Recorder", e);
      return null;
    }
  }

  /**
   * Begins to record a spawn. The arguments of the program are not recorded, because they may be
   * secret.
   */
  public abstract Spawn beginSpawn(String program, String mechanism, OnClose onClose);

  /** Begins to record the life of a child. */
  public abstract Life beginLife();

  /** Records the end of a child whose start was not recorded. */
  public abstract void ended(OptionalLong pid, ExitStatus status);

  /** Records that a close killed a child. */
  public abstract void killed(OptionalLong pid);

  /**
   * Records the start of a guardian.
   *
   * @param replacement whether the previous one ended unexpectedly
   * @param children the number of children that it takes over
   */
  public abstract void guardianStarted(long pid, boolean replacement, int children);

  /** Begins to record that a message is sent. */
  public abstract Transfer beginSend();

  /** Begins to record that a message is received. */
  public abstract Transfer beginReceive();
}
