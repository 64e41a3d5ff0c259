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
import java.util.function.Consumer;

/**
 * The end of a process, shared by all references to it: the exit status, and the threads and
 * futures that wait for it. The outcome only advances, and the exit status never changes.
 *
 * <p>A wait belongs to a reference. It ends with the process, or when the reference is abandoned,
 * that is closed while the process lives on.
 */
final class Completion {
  /** A future of the application, which keeps the application's descriptor object reachable. */
  private record Pending(ProcessReference reference, CompletableFuture<ExitStatus> future) {}

  private final Watcher watcher;
  // Not a monitor, in which a virtual thread would pin its carrier.
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  private volatile Outcome outcome = new Outcome.Running();

  /** Guarded by the lock. */
  private List<Pending> pending = new ArrayList<>(0);

  Completion(Watcher watcher) {
    this.watcher = watcher;
  }

  Optional<ExitStatus> status() {
    return outcome instanceof Outcome.Ended end ? Optional.of(end.status()) : Optional.empty();
  }

  Optional<ResourceUsage> usage() {
    return outcome instanceof Outcome.Ended end ? end.usage() : Optional.empty();
  }

  /** Returns whether the exit status is known. */
  boolean hasEnded() {
    return outcome instanceof Outcome.Ended;
  }

  /** Returns whether the process has ended; its exit status may not be available yet. */
  boolean hasExited() {
    return !(outcome instanceof Outcome.Running);
  }

  /** Records the outcome of a query; the exit status ends all waits. Callbacks do not run here. */
  void report(Outcome now) {
    List<Pending> ended = List.of();
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
        ended = pending;
        pending = List.of();
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
    if (now instanceof Outcome.Ended end) {
      dispatch(ended, future -> future.complete(end.status()));
    }
  }

  /** Completes a future at the end of the process, or fails it if the reference is abandoned. */
  void onEnd(ProcessReference reference, CompletableFuture<ExitStatus> future) {
    lock.lock();
    try {
      if (!hasEnded() && !reference.isAbandoned()) {
        pending.add(new Pending(reference, future));
        return;
      }
    } finally {
      lock.unlock();
    }
    status()
        .ifPresentOrElse(
            future::complete, () -> future.completeExceptionally(reference.closedTooEarly()));
  }

  /**
   * Parks the thread until the process has ended, the reference is abandoned, or the time is over.
   *
   * @param nanos the time limit; {@link Long#MAX_VALUE} for none
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

  /** Ends the waits of a reference that was marked as abandoned. */
  void abandoned(ProcessReference reference) {
    List<Pending> failed = new ArrayList<>();
    lock.lock();
    try {
      if (hasEnded()) {
        return;
      }
      pending.removeIf(each -> each.reference == reference && failed.add(each));
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    ClosedDescriptorException failure = reference.closedTooEarly();
    dispatch(failed, future -> future.completeExceptionally(failure));
  }

  private void dispatch(List<Pending> to, Consumer<CompletableFuture<ExitStatus>> result) {
    watcher.execute(
        to.stream().<Runnable>map(each -> () -> result.accept(each.future)).toList());
  }
}
