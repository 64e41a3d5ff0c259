package dev.procdesc.freebsd;

import static dev.procdesc.posix.io.Logging.LOG;

import dev.procdesc.freebsd.kernel.Numbers;
import dev.procdesc.posix.io.EventQueue;
import dev.procdesc.posix.io.Watcher;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Notices SIGCHLD, which the kernel sends when a child stops or continues, through EVFILT_SIGNAL in
 * the watcher's kqueue. The filter reports the signal however the program handles it, except that
 * SA_NOCLDSTOP prevents it. It does not report the child, so every watched process is queried. The
 * registration lasts: renewing it after each signal could fail, and no change would be reported
 * from then on.
 *
 * <p>Rejected: a thread that blocks in pdwait for each process. Until the call returns, it holds
 * the file of the process descriptor, so that the last close does not kill the process; and on 15.1
 * only an exit wakes it.
 */
final class ChildSignal implements Watcher.Watched {
  private final Watcher watcher;
  private final Set<Runnable> queries = ConcurrentHashMap.newKeySet();

  /** The registration with the watcher while there are queries; guarded by this. */
  private OptionalLong registration = OptionalLong.empty();

  ChildSignal(Watcher watcher) {
    this.watcher = watcher;
  }

  /**
   * Makes a query now and at each SIGCHLD, in the watching thread. A query that fails now is not
   * made again.
   *
   * @return a task that ends this
   */
  Runnable watch(Runnable query) {
    synchronized (this) {
      if (registration.isEmpty()) {
        try {
          registration =
              OptionalLong.of(watcher.watch(Numbers.SIGCHLD, EventQueue.Interest.SIGNAL, this));
        } catch (IOException e) {
          throw new UncheckedIOException("SIGCHLD cannot be watched", e);
        }
      }
      queries.add(query);
    }
    boolean watched = false;
    try {
      query.run();
      watched = true;
    } finally {
      if (!watched) {
        end(query);
      }
    }
    return () -> end(query);
  }

  private synchronized void end(Runnable query) {
    queries.remove(query);
    if (queries.isEmpty() && registration.isPresent()) {
      watcher.unwatch(Numbers.SIGCHLD, EventQueue.Interest.SIGNAL, registration.getAsLong());
      registration = OptionalLong.empty();
    }
  }

  /** Makes all queries. One that fails does not prevent the others, and is made again later. */
  @Override
  public void event(long token) {
    for (Runnable query : queries) {
      try {
        query.run();
      } catch (RuntimeException e) {
        LOG.log(System.Logger.Level.ERROR, "the state changes of a process cannot be taken", e);
      }
    }
  }
}
