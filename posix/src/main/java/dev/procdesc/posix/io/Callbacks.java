package dev.procdesc.posix.io;

import static dev.procdesc.posix.io.Logging.LOG;

import java.util.Collection;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A queue of the application's pending callbacks. One thread runs them in order, which is fast as
 * long as none blocks. If one blocks, the watcher sees at its next check that no further callback
 * was taken, and starts another thread. A blocking callback therefore delays others by one interval
 * between checks at most, and a thousand quick callbacks do not need a thousand threads.
 */
final class Callbacks implements Runnable {
  private final ConcurrentLinkedQueue<Runnable> due = new ConcurrentLinkedQueue<>();
  private final AtomicLong taken = new AtomicLong();

  /** The value of {@link #taken} at the last check; accessed by the watching thread only. */
  private long takenAtLastCheck;

  /** Appends callbacks. */
  void add(Collection<Runnable> callbacks) {
    due.addAll(callbacks);
  }

  /** Returns whether no callback is pending. */
  boolean isEmpty() {
    return due.isEmpty();
  }

  /** Runs pending callbacks until the queue is empty. */
  @Override
  public void run() {
    Runnable next = due.poll();
    while (next != null) {
      taken.incrementAndGet();
      try {
        next.run();
      } catch (RuntimeException | Error e) {
        LOG.log(System.Logger.Level.ERROR, "a callback failed", e);
      }
      next = due.poll();
    }
  }

  /** Returns whether a callback is pending and none was taken since the last check. */
  boolean isStuck() {
    long now = taken.get();
    boolean stuck = now == takenAtLastCheck && !due.isEmpty();
    takenAtLastCheck = now;
    return stuck;
  }
}
