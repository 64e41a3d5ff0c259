package dev.procdesc.compat;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;

/**
 * A child of any {@link Subject}: what all of them can do. How it ended is a shell's number for it,
 * the exit code or 128 plus the signal, because {@code java.lang.Process} knows no more.
 */
public interface Child extends AutoCloseable {
  /** The pipe to its standard input. */
  OutputStream stdin();

  /** The pipe from its standard output. */
  InputStream stdout();

  /** The pipe from its standard error. */
  InputStream stderr();

  /** The process ID. */
  long pid();

  /** Whether it runs. */
  boolean isAlive();

  /** Sends SIGTERM. */
  void terminate() throws IOException;

  /** Sends SIGKILL. */
  void kill() throws IOException;

  /** Waits for its end. */
  int waitFor() throws InterruptedException;

  /** Waits for its end, for a time. */
  OptionalInt waitFor(Duration timeout) throws InterruptedException;

  /** Its end, as an event. */
  CompletableFuture<Integer> onExit();

  /** Ends it if it runs, and gives up all that belongs to it. */
  @Override
  void close() throws IOException;
}
