package dev.procdesc.posix.process;

import dev.procdesc.ClosedDescriptorException;
import dev.procdesc.ExitStatus;
import dev.procdesc.ResourceUsage;
import dev.procdesc.posix.io.Watcher;
import dev.procdesc.posix.process.ProcessOperations.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The end of a process, shared by all references to it: the exit status, and the threads and
 * futures that wait for it. The outcome only advances, and the exit status never changes.
 *
 * <p>A wait belongs to a reference. It ends with the process, or when the reference is abandoned,
 * that is closed while the process lives on. If all references are abandoned before the process has
 * ended, the exit status is withheld when it is collected: otherwise an answer would depend on the
 * moment of the query.
 */
final class Completion {
  /** A future of the application, which keeps the application's descriptor object reachable. */
  private record Pending(ProcessReference reference, CompletableFuture<ExitStatus> future) {}

  /** The completion of a future, and with it the application's callbacks. */
  private record Complete(CompletableFuture<ExitStatus> future, ExitStatus status)
      implements Runnable {
    @Override
    public void run() {
      future.complete(status);
    }
  }

  /** The failure of a future, because its reference was closed. */
  private record Fail(CompletableFuture<ExitStatus> future, ClosedDescriptorException failure)
      implements Runnable {
    @Override
    public void run() {
      future.completeExceptionally(failure);
    }
  }

  private static final Outcome RUNNING = new Outcome.Running();

  private final Watcher watcher;
  // Not a monitor, in which a virtual thread would pin its carrier.
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  private volatile Outcome outcome = RUNNING;

  /** Set when all references are closed and the process lives on. Changed under the lock. */
  private volatile boolean withheld;

  /** The futures to complete; guarded by the lock. */
  private List<Pending> pending = List.of();

  Completion(Watcher watcher) {
    this.watcher = watcher;
  }

  /** Returns the exit status if it is known and is not withheld. */
  Optional<ExitStatus> status() {
    Optional<Outcome.Ended> end = known();
    return end.isPresent() ? Optional.of(end.get().status()) : Optional.empty();
  }

  /** Returns the resource usage if it is known and is not withheld. */
  Optional<ResourceUsage> usage() {
    return known().flatMap(Outcome.Ended::usage);
  }

  private Optional<Outcome.Ended> known() {
    return !withheld && outcome instanceof Outcome.Ended end ? Optional.of(end) : Optional.empty();
  }

  /** Returns whether the exit status was collected. */
  boolean hasEnded() {
    return outcome instanceof Outcome.Ended;
  }

  /** Returns whether the process has ended; its exit status may not be available yet. */
  boolean hasExited() {
    return !(outcome instanceof Outcome.Running);
  }

  /**
   * Records the outcome of a query. The exit status wakes the waiting threads; the futures are
   * completed by {@link #completeFutures()}.
   */
  void report(Outcome now) {
    lock.lock();
    try {
      if (hasEnded()) {
        throw new IllegalStateException("the exit status was collected before");
      }
      if (now instanceof Outcome.Running) {
        return; // The outcome only advances.
      }
      outcome = now;
      if (hasEnded()) {
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Completes the futures with the exit status, which was reported before. Their callbacks run in
   * threads of the watcher, and never under a lock.
   */
  void completeFutures() {
    List<Pending> ended;
    lock.lock();
    try {
      ended = pending;
      pending = List.of();
    } finally {
      lock.unlock();
    }
    Optional<ExitStatus> status = status();
    if (status.isPresent() && !ended.isEmpty()) {
      List<Runnable> completions = new ArrayList<>(ended.size());
      for (Pending each : ended) {
        completions.add(new Complete(each.future, status.get()));
      }
      watcher.execute(completions);
    }
  }

  /** Completes a future at the end of the process, or fails it if the reference is abandoned. */
  void onEnd(ProcessReference reference, CompletableFuture<ExitStatus> future) {
    lock.lock();
    try {
      if (!hasEnded() && !reference.isAbandoned()) {
        if (pending.isEmpty()) {
          pending = new ArrayList<>(1);
        }
        pending.add(new Pending(reference, future));
        return;
      }
    } finally {
      lock.unlock();
    }
    Optional<ExitStatus> status = status();
    if (status.isPresent()) {
      future.complete(status.get());
    } else {
      future.completeExceptionally(reference.closedException());
    }
  }

  /** Forgets a future whose completion nobody needs any more. */
  void forget(CompletableFuture<ExitStatus> future) {
    lock.lock();
    try {
      if (!hasEnded() && !pending.isEmpty()) {
        pending.removeIf(each -> each.future == future);
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Parks the thread until the process has ended, the reference is abandoned, or the time is over.
   *
   * @param nanos the time limit; {@link Long#MAX_VALUE} for none
   * @return the exit status; empty after the time limit, and if the reference was abandoned first
   */
  Optional<ExitStatus> await(ProcessReference reference, long nanos) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      long left = nanos;
      while (!hasEnded() && !reference.isAbandoned() && left > 0) {
        left = changed.awaitNanos(left);
      }
      return status();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Abandons a reference and ends its waits, unless the exit status is known.
   *
   * @param last whether no other reference is open, so that the exit status is withheld
   */
  void abandon(ProcessReference reference, boolean last) {
    List<Pending> failed = new ArrayList<>();
    lock.lock();
    try {
      if (hasEnded()) {
        return;
      }
      reference.setAbandoned();
      if (last) {
        withheld = true;
      }
      if (!pending.isEmpty()) {
        pending.removeIf(each -> each.reference == reference && failed.add(each));
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    if (!failed.isEmpty()) {
      ClosedDescriptorException failure = reference.closedException();
      List<Runnable> failures = new ArrayList<>(failed.size());
      for (Pending each : failed) {
        failures.add(new Fail(each.future, failure));
      }
      watcher.execute(failures);
    }
  }
}
