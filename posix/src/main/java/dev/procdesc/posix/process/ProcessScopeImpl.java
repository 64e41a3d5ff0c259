package dev.procdesc.posix.process;

import static dev.procdesc.posix.io.Logging.LOG;

import dev.procdesc.ChildProcess;
import dev.procdesc.ClosedDescriptorException;
import dev.procdesc.ExitStatus;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.ProcessScope;
import dev.procdesc.ScopeFailedException;
import dev.procdesc.Spawner;
import dev.procdesc.Teardown;
import dev.procdesc.posix.io.Deadline;
import dev.procdesc.posix.io.Threads;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ref.Reference;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A scope that learns of the end of its children by their futures, and is not kept reachable by
 * them: otherwise neither a scope that the application forgot nor its children would be collected.
 */
public final class ProcessScopeImpl implements ProcessScope {
  private final Optional<Teardown> onFailure;
  // Not a monitor, in which a virtual thread would pin its carrier.
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  /** The children whose end was not noticed. This and the following fields are guarded by lock. */
  private final Map<ProcessReference, ChildProcessImpl> running = new LinkedHashMap<>();

  /** The children whose end was noticed and that were not returned, in the order of their ends. */
  private final Map<ProcessReference, ChildProcessImpl> ended = new LinkedHashMap<>();

  /** The children that were returned and whose close affects other processes. */
  private final Map<ProcessReference, ChildProcessImpl> kept = new LinkedHashMap<>();

  /** The number of kept children at which those that the application closed are looked for. */
  private int keptLimit = 8;

  private Optional<ChildProcessImpl> failure = Optional.empty();
  private boolean closed;

  /** The children of a close that is under way, for which another close waits. */
  private List<ChildProcessImpl> closing = List.of();

  private ProcessScopeImpl(Optional<Teardown> onFailure) {
    this.onFailure = onFailure;
  }

  /**
   * Opens a scope. The type of the result keeps the backend from loading this class with its own.
   */
  public static ProcessScope open(Optional<Teardown> onFailure) {
    return new ProcessScopeImpl(onFailure);
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("the scope is closed");
    }
  }

  /** Fails if no child may be added. Called with the lock held. */
  private void checkAccepting() throws ScopeFailedException {
    checkOpen();
    if (onFailure.isPresent() && failure.isPresent()) {
      throw new ScopeFailedException(failure.get());
    }
  }

  @Override
  public ChildProcess spawn(Spawner spawner) throws IOException {
    lock.lock();
    try {
      checkAccepting();
    } finally {
      lock.unlock();
    }
    ChildProcess child = spawner.spawn();
    boolean added = false;
    try {
      add(child);
      added = true;
      return child;
    } catch (UncheckedIOException e) {
      throw e.getCause();
    } finally {
      if (!added) {
        child.close();
      }
    }
  }

  @Override
  public void add(ChildProcess child) throws ScopeFailedException {
    if (!(ProcessDescriptorImpl.of(child) instanceof ChildProcessImpl added)) {
      throw new IllegalArgumentException("not a child of this JVM: " + child);
    }
    ProcessReference process = added.reference();
    lock.lock();
    try {
      checkAccepting();
      if (kept.containsKey(process)
          || ended.containsKey(process)
          || running.putIfAbsent(process, added) != null) {
        throw new IllegalArgumentException(child + " is in this scope already");
      }
    } finally {
      lock.unlock();
    }
    CompletableFuture<ExitStatus> end = new CompletableFuture<>();
    WeakReference<ProcessScopeImpl> scope = new WeakReference<>(this);
    var unused = end.handle((status, cause) -> {
      ProcessScopeImpl present = scope.get();
      if (present != null) {
        present.ended(process, Optional.ofNullable(status));
      }
      return status;
    });
    try {
      process.onExit(end);
    } catch (RuntimeException e) {
      ended(process, Optional.empty());
      throw e;
    }
  }

  /**
   * Called once for each child.
   *
   * @param status empty if the child was closed and lives on
   */
  private void ended(ProcessReference process, Optional<ExitStatus> status) {
    boolean fails = false;
    lock.lock();
    try {
      ChildProcessImpl child = running.remove(process);
      if (child == null) {
        return; // This scope was closed.
      }
      if (status.isPresent()) {
        ended.put(process, child);
        if (failure.isEmpty() && !status.get().isSuccess()) {
          failure = Optional.of(child);
          fails = true;
        }
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    if (fails && onFailure.isPresent()) {
      endOthers(onFailure.get());
    }
  }

  private void endOthers(Teardown teardown) {
    try {
      Threads.startDaemon("procdesc-teardown", () -> endNow(teardown));
    } catch (OutOfMemoryError e) {
      LOG.log(
          System.Logger.Level.ERROR,
          "no thread can be started for a teardown; the children of a scope are killed",
          e);
      endNow(new Teardown(List.of(), teardown.group()));
    }
  }

  private void endNow(Teardown teardown) {
    try {
      shutdown(teardown);
    } catch (IOException | RuntimeException e) {
      lock.lock();
      try {
        if (!closed) {
          LOG.log(System.Logger.Level.ERROR, "children of a scope that failed cannot be ended", e);
        }
      } finally {
        lock.unlock();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // No other code has this thread.
    }
  }

  @Override
  public List<ChildProcess> children() {
    lock.lock();
    try {
      List<ChildProcess> all = new ArrayList<>(running.values());
      all.addAll(ended.values());
      all.addAll(kept.values());
      return List.copyOf(all);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Optional<ChildProcess> failure() {
    lock.lock();
    try {
      return failure.map(ChildProcess.class::cast);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public List<ChildProcess> awaitAll() throws InterruptedException {
    return awaitAll(Long.MAX_VALUE).orElseThrow();
  }

  @Override
  public Optional<List<ChildProcess>> awaitAll(Duration timeout) throws InterruptedException {
    return awaitAll(Deadline.nanos(timeout));
  }

  private Optional<List<ChildProcess>> awaitAll(long nanos) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      checkOpen();
      for (long left = nanos; !running.isEmpty(); checkOpen()) {
        if (left <= 0) {
          return Optional.empty();
        }
        left = changed.awaitNanos(left);
      }
      List<ChildProcess> all = List.copyOf(ended.values());
      ended.forEach(this::letGo);
      ended.clear();
      return Optional.of(all);
    } finally {
      lock.unlock();
      Reference.reachabilityFence(this);
    }
  }

  @Override
  public Optional<ChildProcess> awaitAny() throws InterruptedException {
    return awaitAny(Long.MAX_VALUE);
  }

  @Override
  public Optional<ChildProcess> awaitAny(Duration timeout) throws InterruptedException {
    return awaitAny(Deadline.nanos(timeout));
  }

  private Optional<ChildProcess> awaitAny(long nanos) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      checkOpen();
      for (long left = nanos; ended.isEmpty(); checkOpen()) {
        if (running.isEmpty() || left <= 0) {
          return Optional.empty();
        }
        left = changed.awaitNanos(left);
      }
      Map.Entry<ProcessReference, ChildProcessImpl> first =
          ended.entrySet().iterator().next();
      ChildProcessImpl child = first.getValue();
      letGo(first.getKey(), child);
      ended.remove(first.getKey());
      return Optional.of(child);
    } finally {
      lock.unlock();
      Reference.reachabilityFence(this);
    }
  }

  /** Lets go of a child that has ended and is returned. Does not block. Called with the lock. */
  private void letGo(ProcessReference process, ChildProcessImpl child) {
    if (child.letGo()) {
      return;
    }
    kept.put(process, child);
    if (kept.size() >= keptLimit) {
      kept.keySet().removeIf(ProcessReference::isReleased);
      keptLimit = Math.max(8, 2 * kept.size());
    }
  }

  /** Returns all processes in this scope: a group may outlive the process that leads it. */
  private List<ProcessReference> processes() {
    lock.lock();
    try {
      checkOpen();
      List<ProcessReference> all = new ArrayList<>(running.keySet());
      all.addAll(ended.keySet());
      all.addAll(kept.keySet());
      return all;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void shutdown(Teardown teardown) throws ProcessDescriptorException, InterruptedException {
    try {
      List<Exception> failures = TeardownRun.run(teardown, processes());
      // The application closed the child, or was returned it, meanwhile.
      failures.removeIf(failed -> failed instanceof ClosedDescriptorException);
      TeardownRun.check(failures);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  @Override
  public void close() {
    List<ChildProcessImpl> all = new ArrayList<>();
    lock.lock();
    try {
      closed = true;
      all.addAll(closing);
      for (Map<ProcessReference, ChildProcessImpl> some : List.of(running, ended, kept)) {
        all.addAll(some.values());
        some.clear();
      }
      closing = all;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    try {
      ChildProcessImpl.closeAll(all);
    } finally {
      lock.lock();
      try {
        closing = List.of();
      } finally {
        lock.unlock();
      }
    }
  }

  @Override
  public String toString() {
    lock.lock();
    try {
      return closed
          ? "a scope that is closed"
          : "a scope of " + (running.size() + ended.size() + kept.size()) + " children";
    } finally {
      lock.unlock();
    }
  }
}
