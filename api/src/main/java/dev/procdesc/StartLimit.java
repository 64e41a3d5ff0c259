package dev.procdesc;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * The time limit of the start of children, which may wait for the other end of a FIFO. When it is
 * over, the thread that starts them is interrupted.
 */
final class StartLimit {
  private final Thread starter = Thread.currentThread();
  private final CompletableFuture<Boolean> timer = new CompletableFuture<>();

  /** Set when the start has ended; guarded by this. */
  private boolean ended;

  /** Set when the starting thread was interrupted; guarded by this. */
  private boolean interrupted;

  private StartLimit() {}

  /** Limits what the current thread does until {@link #end()}. */
  static StartLimit begin(long nanos) {
    StartLimit limit = new StartLimit();
    var unused = limit.timer.thenRun(limit::interrupt);
    limit.timer.completeOnTimeout(true, nanos, TimeUnit.NANOSECONDS);
    return limit;
  }

  /** A thread that others have interrupted ends the start because of that. */
  private synchronized void interrupt() {
    if (!ended && !starter.isInterrupted()) {
      interrupted = true;
      starter.interrupt();
    }
  }

  /**
   * Ends the limit, and clears the interrupt status that it has set. Called by the thread that
   * began.
   *
   * @return whether the limit has interrupted the start
   */
  boolean end() {
    timer.cancel(false);
    synchronized (this) {
      ended = true;
      if (interrupted) {
        // An interrupt by others at the same moment cannot be told from this one.
        var unused = Thread.interrupted();
      }
      return interrupted;
    }
  }
}
