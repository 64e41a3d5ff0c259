package dev.procdesc.posix;

import dev.procdesc.ClosedDescriptorException;
import dev.procdesc.ExitStatus;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.ResourceUsage;
import dev.procdesc.Signal;
import dev.procdesc.StateChange;
import dev.procdesc.Teardown;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The life of one process, apart from the object that the application holds: the garbage
 * collector's action and the watcher refer to this alone, so that the object itself can become
 * unreachable.
 *
 * <p>States: open and running → open and ended, or closed and running → closed and ended. The
 * kernel's descriptor is closed in the last state only: a closed child that still runs is kept
 * until it is reaped.
 *
 * <p>Whoever sees the end first collects the status, under {@link #collecting}, and publishes it
 * for all: otherwise a second thread could take "no child" for a status stolen by somebody else.
 */
public final class ProcessCore implements Watcher.Watched {
  private static final System.Logger LOG = System.getLogger("dev.procdesc");
  private static final long GROUP_LOOK_NANOS = 5_000_000;

  private final OwnedDescriptor descriptor;
  private final long pid;

  /** Absent for a process that is released. */
  private final Optional<LastClose> lastClose;

  private final ProcessCalls calls;
  private final Watcher watcher;

  /** Held while the kernel is asked for the status. */
  private final Object collecting = new Object();

  /** Completes with the status; what waits on it is ours alone and runs no foreign code. */
  private final CompletableFuture<ExitStatus> ended = new CompletableFuture<>();

  /** The applications' futures, guarded by this. They keep their descriptor object reachable. */
  private List<CompletableFuture<ExitStatus>> futures = new ArrayList<>(0);

  private final List<Consumer<StateChange>> stateListeners = new CopyOnWriteArrayList<>();

  /** Guarded by the listeners. */
  private boolean watchesState;

  private volatile @Nullable ExitStatus status;
  private volatile @Nullable ResourceUsage usage;
  private volatile boolean closed;
  private boolean watched;

  /** Whether the close has done its work, and whether all is over; guarded by this. */
  private boolean closeDone;

  private boolean over;
  private long token;

  /** A process behind a descriptor that was just created. */
  public ProcessCore(
      OwnedDescriptor descriptor,
      long pid,
      Optional<LastClose> lastClose,
      ProcessCalls calls,
      Watcher watcher) {
    this.descriptor = descriptor;
    this.pid = pid;
    this.lastClose = lastClose;
    this.calls = calls;
    this.watcher = watcher;
  }

  long pid() {
    return pid;
  }

  int fd() {
    checkOpen();
    return descriptor.number();
  }

  OwnedDescriptor descriptor() {
    checkOpen();
    return descriptor;
  }

  Watcher watcher() {
    return watcher;
  }

  boolean isClosed() {
    return closed;
  }

  private void checkOpen() {
    if (closed) {
      throw new ClosedDescriptorException("the descriptor of process " + pid + " is closed");
    }
  }

  Optional<ResourceUsage> resourceUsage() {
    return Optional.ofNullable(usage);
  }

  /** The status if there is one, asking the kernel if need be. */
  Optional<ExitStatus> poll() {
    ExitStatus known = status;
    if (known != null) {
      return Optional.of(known);
    }
    checkOpen();
    watcher.execute(collect(false));
    return Optional.ofNullable(status);
  }

  boolean signal(Signal signal) throws ProcessDescriptorException {
    int number = calls.signalNumber(signal);
    checkOpen();
    if (poll().isPresent()) {
      return false;
    }
    int outcome;
    try {
      outcome = signal(number);
    } catch (ClosedDescriptorException e) {
      // Ended and closed since the look above.
      checkOpen();
      return false;
    }
    if (outcome == -PosixNumbers.ESRCH) {
      return false;
    }
    if (outcome < 0) {
      throw Errors.failed("send " + signal.name() + " to process", pid, outcome);
    }
    return true;
  }

  private int signal(int number) {
    int fd = descriptor.acquire();
    try {
      return calls.signal(fd, number);
    } finally {
      descriptor.release();
    }
  }

  /**
   * Waits for the end.
   *
   * @param nanos {@link Long#MAX_VALUE} for no limit
   */
  Optional<ExitStatus> waitFor(long nanos) throws InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    if (nanos <= 0 || status != null) {
      return poll();
    }
    checkOpen();
    return Threads.isVirtual() ? park(nanos) : pollInKernel(nanos);
  }

  private Optional<ExitStatus> pollInKernel(long nanos) throws InterruptedException {
    long deadline = System.nanoTime() + nanos;
    long left = nanos;
    while (true) {
      Wake.Result result;
      try {
        result = Wake.await(descriptor, PosixNumbers.POLLIN, left, calls.numbers());
      } catch (ClosedDescriptorException e) {
        // Ended and closed by others meanwhile, so the status is there; or released.
        return poll();
      } catch (IOException e) {
        // No descriptors left for the wake-up pipe: the watcher has what it needs already.
        return park(left);
      }
      if (result == Wake.Result.INTERRUPTED) {
        Thread.interrupted();
        throw new InterruptedException();
      }
      ExitStatus known = status;
      if (known != null) {
        return Optional.of(known);
      }
      if (closed && lastClose.isEmpty()) {
        checkOpen();
      }
      if (result == Wake.Result.READY) {
        watcher.execute(collect(false));
        known = status;
        if (known != null) {
          return Optional.of(known);
        }
        // Ended, but not reaped by its parent yet: only the watcher can wait for that.
        return park(nanos == Long.MAX_VALUE ? nanos : deadline - System.nanoTime());
      }
      if (nanos != Long.MAX_VALUE) {
        left = deadline - System.nanoTime();
        if (left <= 0) {
          return Optional.empty();
        }
      }
    }
  }

  private Optional<ExitStatus> park(long nanos) throws InterruptedException {
    ensureWatched();
    try {
      return Optional.of(
          nanos == Long.MAX_VALUE ? ended.get() : ended.get(nanos, TimeUnit.NANOSECONDS));
    } catch (TimeoutException e) {
      return Optional.empty();
    } catch (ExecutionException e) {
      checkOpen();
      throw new AssertionError("only a release fails a wait", e);
    }
  }

  boolean signalGroup(Signal signal) throws ProcessDescriptorException {
    int outcome = signalGroup(calls.signalNumber(signal));
    if (outcome < 0 && outcome != -PosixNumbers.ESRCH) {
      throw Errors.failed("send " + signal.name() + " to the group of process", pid, outcome);
    }
    return outcome >= 0;
  }

  private int signalGroup(int number) {
    int fd = descriptor().acquire();
    try {
      return calls.signalGroup(fd, number);
    } finally {
      descriptor.release();
    }
  }

  ExitStatus shutdown(Teardown teardown) throws ProcessDescriptorException, InterruptedException {
    for (Teardown.Step step : teardown.steps()) {
      if (teardown.group()) {
        signalGroup(step.signal());
        if (groupEnds(step.patience().toNanos())) {
          break;
        }
      } else {
        signal(step.signal());
        Optional<ExitStatus> end = waitFor(step.patience().toNanos());
        if (end.isPresent()) {
          return end.get();
        }
      }
    }
    if (teardown.group()) {
      signalGroup(Signal.KILL);
    }
    signal(Signal.KILL);
    return waitFor(Long.MAX_VALUE).orElseThrow();
  }

  /** Waits until nobody is left in the group. */
  private boolean groupEnds(long nanos) throws InterruptedException {
    long deadline = System.nanoTime() + nanos;
    while (true) {
      // The leader's end must be collected, or it would be in the group for ever.
      boolean gone = waitFor(GROUP_LOOK_NANOS).isPresent() && signalGroup(0) < 0;
      if (gone || System.nanoTime() >= deadline) {
        return gone;
      }
      TimeUnit.NANOSECONDS.sleep(GROUP_LOOK_NANOS);
    }
  }

  /** Adds a listener; the first one starts the watch, which lasts until the process ends. */
  ProcessDescriptor.Listening onStateChange(Consumer<? super StateChange> listener) {
    OwnedDescriptor lent = descriptor();
    // An object of its own, so that the same listener may be added twice and removed once.
    Consumer<StateChange> entry = listener::accept;
    synchronized (stateListeners) {
      stateListeners.add(entry);
      if (!watchesState) {
        calls.watchStateChanges(lent, this::tell);
        watchesState = true;
      }
    }
    return () -> stateListeners.remove(entry);
  }

  private void tell(StateChange change) {
    for (Consumer<StateChange> listener : stateListeners) {
      try {
        listener.accept(change);
      } catch (RuntimeException | Error e) {
        LOG.log(System.Logger.Level.ERROR, "a listener for state changes failed", e);
      }
    }
  }

  /** Adds an application's future. */
  void onExit(CompletableFuture<ExitStatus> future) {
    if (status == null) {
      checkOpen();
    }
    boolean decided;
    synchronized (this) {
      decided = status != null || (closed && lastClose.isEmpty());
      if (!decided) {
        futures.add(future);
      }
    }
    if (decided) {
      complete(future);
      return;
    }
    ensureWatched();
  }

  private List<Runnable> completions(List<CompletableFuture<ExitStatus>> waiting) {
    List<Runnable> tasks = new ArrayList<>(waiting.size());
    waiting.forEach(future -> tasks.add(() -> complete(future)));
    return tasks;
  }

  private void complete(CompletableFuture<ExitStatus> future) {
    ExitStatus known = status;
    if (known != null) {
      future.complete(known);
    } else {
      future.completeExceptionally(
          new ClosedDescriptorException("process " + pid + " was released before it ended"));
    }
  }

  /** Puts the process into the watcher's set, unless it is there or has ended. */
  void ensureWatched() {
    synchronized (collecting) {
      if (status != null || watched) {
        return;
      }
      int fd = descriptor.acquire();
      try {
        token = watcher.watch(fd, EventQueue.Interest.EXIT, this);
        watched = true;
      } catch (IOException e) {
        throw new UncheckedIOException("process " + pid + " cannot be watched", e);
      } finally {
        descriptor.release();
      }
    }
  }

  @Override
  public List<Runnable> event(long event) {
    return collect(true);
  }

  /**
   * Asks the kernel, and publishes what it says.
   *
   * @param fired whether the watch has reported, so that it must be set again if this is not the
   *     end
   * @return what is left to run: completing the applications' futures
   */
  private List<Runnable> collect(boolean fired) {
    synchronized (collecting) {
      if (status != null) {
        return List.of();
      }
      int fd;
      try {
        fd = descriptor.acquire();
      } catch (ClosedDescriptorException e) {
        return List.of();
      }
      try {
        ProcessCalls.Outcome outcome = calls.collect(fd);
        if (outcome instanceof ProcessCalls.Outcome.Ended end) {
          if (watched) {
            watcher.unwatch(fd, EventQueue.Interest.EXIT, token);
          }
          usage = end.usage().orElse(null);
          status = end.status();
        } else if (fired) {
          watcher.watchAgain(
              fd,
              outcome instanceof ProcessCalls.Outcome.Unreaped
                  ? EventQueue.Interest.REAPED
                  : EventQueue.Interest.EXIT,
              token);
        }
      } catch (IOException e) {
        throw new UncheckedIOException("process " + pid + " cannot be watched", e);
      } finally {
        descriptor.release();
      }
    }
    return status == null ? List.of() : publish();
  }

  private List<Runnable> publish() {
    ended.complete(Objects.requireNonNull(status));
    List<CompletableFuture<ExitStatus>> waiting;
    synchronized (this) {
      waiting = futures;
      futures = List.of();
    }
    lastClose.ifPresent(LastClose::ended);
    finish();
    return completions(waiting);
  }

  /** The descriptor goes when the process has ended and its close has done its work. */
  private void finish() {
    synchronized (this) {
      if (over || !closeDone || status == null) {
        return;
      }
      over = true;
    }
    descriptor.close();
    lastClose.ifPresent(LastClose::done);
  }

  /** Gives up the application's reference. Idempotent. */
  void close() {
    List<CompletableFuture<ExitStatus>> abandoned = List.of();
    boolean running;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      running = status == null;
      if (lastClose.isEmpty()) {
        abandoned = futures;
        futures = List.of();
      }
    }
    if (lastClose.isPresent()) {
      // EPERM cannot always be helped: the process became another user's by a set-user-ID program.
      // The watcher keeps it, so that it is reaped when it ends.
      if ((running || lastClose.get().reachesOthers()) && !kill(lastClose.get())) {
        giveUp();
      }
    } else if (running) {
      ended.completeExceptionally(
          new ClosedDescriptorException("process " + pid + " was released before it ended"));
      descriptor.wakeWaiting();
      watcher.execute(completions(abandoned));
    }
    synchronized (this) {
      closeDone = true;
    }
    finish();
    ensureWatched();
  }

  private boolean kill(LastClose close) {
    int fd;
    try {
      fd = descriptor.acquire();
    } catch (ClosedDescriptorException e) {
      return true;
    }
    try {
      return close.kill(fd);
    } finally {
      descriptor.release();
    }
  }

  /** Lets the kernel kill at the close of its descriptor, after which nobody tells of the end. */
  private void giveUp() {
    synchronized (collecting) {
      if (status != null) {
        return;
      }
      if (watched) {
        withDescriptor(fd -> watcher.unwatch(fd, EventQueue.Interest.EXIT, token));
      }
      status = new ExitStatus.Unknown(
          "the process was another user's, and the kernel killed it when its descriptor was closed");
    }
    watcher.execute(publish());
  }

  /** Lends the kernel's descriptor, if it is still there, closed by the application or not. */
  public void withDescriptor(IntConsumer use) {
    int fd;
    try {
      fd = descriptor.acquire();
    } catch (ClosedDescriptorException e) {
      return;
    }
    try {
      use.accept(fd);
    } finally {
      descriptor.release();
    }
  }

  @Override
  public String toString() {
    ExitStatus known = status;
    return "process " + pid + (known != null ? " " + known : closed ? " closed" : "");
  }
}
