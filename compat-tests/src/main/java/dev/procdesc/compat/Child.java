package dev.procdesc.compat;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;

/**
 * A child of any {@link Subject}, with the operations that all of them have. Its status is the
 * number that a shell reports, the exit code or 128 plus the signal, because
 * {@code java.lang.Process} reports no more.
 */
public interface Child extends AutoCloseable {
  /** Returns the pipe to its standard input. */
  OutputStream stdin();

  /** Returns the pipe from its standard output. */
  InputStream stdout();

  /** Returns the pipe from its standard error. */
  InputStream stderr();

  /** Returns the process ID. */
  long pid();

  /** Returns whether it has not exited. */
  boolean isAlive();

  /** Sends SIGTERM. */
  void terminate() throws IOException;

  /** Sends SIGKILL. */
  void kill() throws IOException;

  /** Waits until it has exited; returns its status. */
  int waitFor() throws InterruptedException;

  /** Waits until it has exited, up to a timeout; returns its status if it has. */
  OptionalInt waitFor(Duration timeout) throws InterruptedException;

  /** Returns a future that completes with its status when it has exited. */
  CompletableFuture<Integer> onExit();

  /** Kills it if it has not exited, and releases its resources. */
  @Override
  void close() throws IOException;
}
