package dev.procdesc.posix.io;

import java.util.Collection;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The applications' callbacks that are due. One thread runs them in turn, which is quick as long as
 * none blocks; when one does, the watcher sees that no further one was taken, and starts another
 * thread. So a callback that blocks delays others by one look at the most, and a thousand quick
 * ones do not need a thousand threads.
 */
final class Callbacks {
  private static final System.Logger LOG = System.getLogger("dev.procdesc");

  private final ConcurrentLinkedQueue<Runnable> due = new ConcurrentLinkedQueue<>();
  private final AtomicLong taken = new AtomicLong();

  /** How many had been taken at the last look; the watching thread's alone. */
  private long takenAtLook;

  void add(Collection<Runnable> callbacks) {
    due.addAll(callbacks);
  }

  boolean isEmpty() {
    return due.isEmpty();
  }

  /** Runs what is due until nothing is. */
  void drain() {
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

  /** Whether something is due and nothing was taken since the last look. */
  boolean isStuck() {
    long now = taken.get();
    boolean stuck = now == takenAtLook && !due.isEmpty();
    takenAtLook = now;
    return stuck;
  }
}
