package dev.procdesc.freebsd;

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
 * SA_NOCLDSTOP prevents it. It does not report the child, so every watched process is queried.
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
   * Makes a query now and at each SIGCHLD, in the watching thread.
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
    query.run();
    return () -> end(query);
  }

  private synchronized void end(Runnable query) {
    queries.remove(query);
    if (queries.isEmpty() && registration.isPresent()) {
      watcher.unwatch(Numbers.SIGCHLD, EventQueue.Interest.SIGNAL, registration.getAsLong());
      registration = OptionalLong.empty();
    }
  }

  @Override
  public void event(long token) {
    synchronized (this) {
      if (!registration.equals(OptionalLong.of(token))) {
        return;
      }
      // Armed before the queries, so that a signal that is sent meanwhile is reported.
      try {
        watcher.watchAgain(Numbers.SIGCHLD, EventQueue.Interest.SIGNAL, token);
      } catch (IOException e) {
        throw new UncheckedIOException("SIGCHLD cannot be watched", e);
      }
    }
    queries.forEach(Runnable::run);
  }
}
