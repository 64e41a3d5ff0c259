package dev.procdesc.posix.process;

import static dev.procdesc.posix.io.Logging.LOG;

import dev.procdesc.ClosedDescriptorException;
import dev.procdesc.ExitStatus;
import dev.procdesc.LastClose;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.Right;
import dev.procdesc.StateChange;
import dev.procdesc.UnsupportedFeatureException;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.io.EventQueue;
import dev.procdesc.posix.io.OwnedDescriptor;
import dev.procdesc.posix.io.Watcher;
import dev.procdesc.posix.recording.Recorder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The state of one process, separate from the objects that the application holds: the garbage
 * collector's action and the watcher refer to this object only, so that the application's objects
 * can become unreachable.
 *
 * <p>There is one object for each process and each way in which it was obtained, with one or more
 * {@link ProcessReference}s, which {@code duplicate()} and {@code restrict()} create. The close of
 * the last reference is the close of this object, whose states are those of {@link Life}. The end
 * of the process, and all that wait for it, are in its {@link Completion}.
 *
 * <p>The first thread that sees the end collects the exit status, under {@link #collecting}, and
 * reports it to the completion. Otherwise a second thread could take ECHILD for a status that other
 * code has reaped.
 */
public final class ProcessState implements Watcher.Watched, Watcher.Newborn {
  private static final Set<Right> ALL_RIGHTS = copyOf(EnumSet.allOf(Right.class));

  private final OwnedDescriptor descriptor;
  private final OptionalLong pid;

  /** The part of the system in which the process is hidden; queried only if it has no ID here. */
  private final Optional<String> hiddenIn;

  /** The reason why the ID is unknown; empty if it is known. */
  private final String unknownId;

  /** The rights that the kernel gives this descriptor. */
  private final Set<Right> rights;

  /** The action of the last close; absent for a process that is released. */
  private final Optional<CloseAction> lastClose;

  private final ProcessOperations calls;
  private final Watcher watcher;
  private final Completion completion;
  private final StateListeners listeners;

  /** The recording of the child's life; null if its start was not recorded. */
  private final Recorder.@Nullable Life recording;

  /** The terminal that was handed over to the child; set before this object is published. */
  private Optional<Foreground> foreground = Optional.empty();

  /** Held while the kernel is queried for the exit status. */
  private final Object collecting = new Object();

  /** The registration with the watcher, if there is one; guarded by {@link #collecting}. */
  private OptionalLong watch = OptionalLong.empty();

  /** The number of open references, guarded by this. */
  private int open;

  /** Changed while this is locked. */
  private volatile Life life = Life.OPEN;

  /** Set when the descriptor was closed at the end of this object's life; guarded by this. */
  private boolean disposed;

  /** The actions to run at the end of the process; guarded by this. */
  private List<Runnable> endActions = List.of();

  /** Set when the end of the process was processed; guarded by this. */
  private boolean endProcessed;

  /** Creates the state of a process behind a descriptor that was just created. */
  public ProcessState(
      OwnedDescriptor descriptor,
      long pid,
      Optional<CloseAction> lastClose,
      ProcessOperations calls,
      Watcher watcher) {
    this(descriptor, OptionalLong.of(pid), lastClose, calls, watcher);
  }

  /** Creates the state of a process behind a descriptor, with its ID if that is known. */
  public ProcessState(
      OwnedDescriptor descriptor,
      OptionalLong pid,
      Optional<CloseAction> lastClose,
      ProcessOperations calls,
      Watcher watcher) {
    this(descriptor, pid, ALL_RIGHTS, lastClose, calls, watcher);
  }

  /** Creates the state of a process behind a descriptor that has only some rights. */
  public ProcessState(
      OwnedDescriptor descriptor,
      OptionalLong pid,
      Set<Right> rights,
      Optional<CloseAction> lastClose,
      ProcessOperations calls,
      Watcher watcher) {
    this.descriptor = descriptor;
    this.pid = pid;
    this.rights = rights == ALL_RIGHTS ? rights : copyOf(rights);
    this.lastClose = lastClose;
    this.calls = calls;
    this.watcher = watcher;
    if (pid.isPresent()) {
      this.hiddenIn = Optional.empty();
      this.unknownId = "";
    } else {
      try (OwnedDescriptor.Loan loan = descriptor.lend()) {
        this.hiddenIn = calls.hiddenIn(loan.fd());
        this.unknownId = hiddenIn
            .map(part -> "it is in " + part)
            .orElse(
                calls.signal(loan.fd(), 0) == -PosixNumbers.ESRCH
                    ? "it was reaped before its ID was read"
                    : "this system does not report it by descriptor");
      }
    }
    Recorder recorder = Recorder.current();
    this.recording = recorder == null || !calls.reaps() ? null : recorder.beginLife();
    this.completion = new Completion(watcher);
    this.listeners = new StateListeners(descriptor, calls, watcher);
  }

  private static Set<Right> copyOf(Set<Right> rights) {
    Set<Right> copy = EnumSet.noneOf(Right.class);
    copy.addAll(rights);
    return Collections.unmodifiableSet(copy);
  }

  /**
   * Takes the terminal back when the child has stopped or ended. Called before this object is
   * published.
   */
  public void takeBack(Foreground terminal) {
    terminal.started();
    foreground = Optional.of(terminal);
    if (terminal.isShared()) {
      return;
    }
    try {
      onStateChange(terminal::changed);
    } catch (UnsupportedFeatureException e) {
      return; // A stop cannot be observed; the terminal comes back at the end of the child.
    } catch (UncheckedIOException | OutOfMemoryError e) {
      LOG.log(
          System.Logger.Level.WARNING,
          "the terminal will not be taken back at a stop of " + this,
          e);
    }
  }

  /** Hands the terminal over again, as {@link dev.procdesc.ChildProcess#foreground}. */
  boolean giveTerminal() throws ProcessDescriptorException {
    if (foreground.isEmpty()) {
      throw new IllegalStateException(
          this + " was not started with Spawner.foreground on the terminal of this JVM");
    }
    tryCollect();
    return foreground.get().give();
  }

  Set<Right> rights() {
    return rights;
  }

  OptionalLong pid() {
    return pid;
  }

  /** Returns the reason why the ID of the process is unknown. */
  String unknownId() {
    return unknownId;
  }

  OwnedDescriptor descriptor() {
    return descriptor;
  }

  ProcessOperations calls() {
    return calls;
  }

  Watcher watcher() {
    return watcher;
  }

  Completion completion() {
    return completion;
  }

  boolean isClosed() {
    return life != Life.OPEN;
  }

  private void checkOpen() {
    if (isClosed()) {
      throw closedException();
    }
  }

  /** Returns the exception for a use after the close, with the same text for every method. */
  ClosedDescriptorException closedException() {
    return closedException(name());
  }

  /** Returns the exception for a use after the close of the descriptor of a named process. */
  static ClosedDescriptorException closedException(String name) {
    return new ClosedDescriptorException("the descriptor of " + name + " is closed");
  }

  /** Counts a new reference. */
  synchronized void add() {
    checkOpen();
    open++;
  }

  /** Queries the kernel for the exit status, if it is not known. */
  Optional<ExitStatus> tryCollect() {
    collect(false);
    return completion.status();
  }

  /** Queries the kernel for the exit status after it has reported the end of the process. */
  Optional<ExitStatus> collectEnded() {
    collect(true);
    return completion.status();
  }

  /**
   * Returns the lifeline that must be sent along when the descriptor is sent to another process.
   * From now on the process lives until the last holder, in any process, has closed it.
   */
  synchronized Optional<OwnedDescriptor> share() throws IOException {
    checkOpen();
    return lastClose.isPresent() ? lastClose.get().share(descriptor) : Optional.empty();
  }

  ProcessDescriptor.Listening onStateChange(Consumer<? super StateChange> listener) {
    ensureWatched(); // The end of the process ends the watch for state changes.
    return listeners.add(listener);
  }

  /** Adds the process to the watcher's set, unless it is already in it or has ended. */
  @Override
  public void ensureWatched() {
    synchronized (collecting) {
      if (completion.hasEnded() || watch.isPresent()) {
        return;
      }
      try (OwnedDescriptor.Loan loan = descriptor.lend()) {
        watch = OptionalLong.of(watcher.watch(loan.fd(), EventQueue.Interest.EXIT, this));
      } catch (ClosedDescriptorException e) {
        return; // Released by another thread, which notified the waiters.
      } catch (IOException e) {
        throw new UncheckedIOException(this + " cannot be watched", e);
      }
    }
  }

  /** Called with {@link #collecting} held. */
  private void unwatch(int fd) {
    if (watch.isPresent()) {
      watcher.unwatch(fd, EventQueue.Interest.EXIT, watch.getAsLong());
      watch = OptionalLong.empty();
    }
  }

  @Override
  public void event(long token) {
    collect(true);
  }

  /**
   * Queries the kernel for the exit status, if it is not known, and reports the outcome.
   *
   * @param reported whether the kernel has reported the end
   */
  private void collect(boolean reported) {
    if (completion.hasEnded()) {
      return;
    }
    ProcessOperations.Outcome outcome;
    synchronized (collecting) {
      if (completion.hasEnded()) {
        return;
      }
      try (OwnedDescriptor.Loan loan = descriptor.lend()) {
        outcome = reported ? calls.collectEnded(loan.fd()) : calls.collect(loan.fd());
        if (outcome instanceof ProcessOperations.Outcome.Ended end) {
          unwatch(loan.fd());
          if (foreground.isPresent()) {
            foreground.get().ended(end.status());
          }
          record(end.status());
        }
        completion.report(outcome);
      } catch (ClosedDescriptorException e) {
        return; // Released by another thread, which notified the waiters.
      }
    }
    if (outcome instanceof ProcessOperations.Outcome.Ended) {
      ended();
    }
  }

  /** Called once, by the thread that reported the end. Callbacks run after the cleanup. */
  private void ended() {
    try {
      listeners.end();
      if (lastClose.isPresent()) {
        lastClose.get().ended();
      }
      synchronized (this) {
        life = life.end();
      }
      disposeIfGone();
      runEndActions();
    } finally {
      completion.completeFutures();
    }
  }

  /** Records the end of a child, before the end is published. */
  private void record(ExitStatus status) {
    Recorder recorder = Recorder.current();
    if (recorder == null || !calls.reaps()) {
      return;
    }
    if (recording != null) {
      recording.ended(pid, status);
    } else {
      recorder.ended(pid, status);
    }
  }

  private void runEndActions() {
    List<Runnable> actions;
    synchronized (this) {
      endProcessed = true;
      actions = endActions;
      endActions = List.of();
    }
    for (Runnable action : actions) {
      action.run();
    }
  }

  /**
   * Adds an action that runs at the end of the process, or at once if that was processed. Until
   * then the watcher keeps the action reachable.
   */
  void whenEnded(Runnable action) {
    synchronized (this) {
      if (!endProcessed) {
        if (endActions.isEmpty()) {
          endActions = new ArrayList<>(1);
        }
        endActions.add(action);
        return;
      }
    }
    action.run();
  }

  /** Returns whether the last close affects other processes, also after the end of this one. */
  boolean closeReachesOthers() {
    return lastClose.map(CloseAction::reachesOthers).orElse(false);
  }

  /** Returns the effect of the last close by all holders. */
  LastClose lastClose() {
    checkOpen();
    if (lastClose.isPresent()) {
      return lastClose.get().effect();
    }
    if (calls.reaps()) {
      return LastClose.RELEASES;
    }
    try (OwnedDescriptor.Loan loan = descriptor.lend()) {
      return calls.lastClose(loan.fd());
    }
  }

  /** Closes the descriptor at the end of this object's life, once. */
  private void disposeIfGone() {
    synchronized (this) {
      if (life != Life.GONE || disposed) {
        return;
      }
      disposed = true;
    }
    descriptor.close();
    if (lastClose.isPresent()) {
      lastClose.get().done();
    }
  }

  /**
   * Processes the close of a reference. Called once for each.
   *
   * <p>The status of a process that has already ended is collected first, so that it does not
   * depend on the watcher whether the closed reference reports it.
   *
   * @return whether the close ends the process, so that its exit status becomes known; the caller
   *     then waits for it, or calls {@link #ensureWatched()}
   */
  boolean release(ProcessReference reference) {
    boolean ends;
    try {
      collect(false);
    } finally {
      ends = isLastClose(reference) && close(reference);
    }
    return ends;
  }

  /**
   * Counts the close of a reference. One that is not the last is abandoned under this lock:
   * otherwise the last close could withhold the exit status before, and a wait of this reference
   * would get neither the status nor an exception.
   */
  private synchronized boolean isLastClose(ProcessReference reference) {
    open--;
    if (open > 0) {
      abandon(reference, false);
      return false;
    }
    life = life.close();
    return true;
  }

  /** Processes the close of the last reference; returns whether it ends the process. */
  private boolean close(ProcessReference reference) {
    CloseAction.Effect effect = closeEffect();
    boolean ends = effect == CloseAction.Effect.ENDS_PROCESS;
    if (!ends) {
      abandon(reference, true);
      if (lastClose.isPresent()) {
        lastClose.get().giveUp();
      }
    }
    if (effect == CloseAction.Effect.CLOSES_DESCRIPTOR) {
      dropDescriptor();
    } else {
      synchronized (this) {
        life = life.release(completion.hasEnded());
      }
      disposeIfGone();
      if (!ends) {
        ensureWatched();
      }
    }
    return ends;
  }

  /** Ends the waits of a reference that is closed while the process lives on. */
  private void abandon(ProcessReference reference, boolean last) {
    completion.abandon(reference, last);
    descriptor.wakeWaiting();
  }

  /**
   * Closes the kernel's descriptor although the process may be running; its end is not observed.
   */
  private void dropDescriptor() {
    listeners.end();
    // The status must not be queried meanwhile: the answer could be that of a reused descriptor
    // number.
    synchronized (collecting) {
      withDescriptor(this::unwatch);
      // A thread may be blocked with a loan until the process ends, which this close may cause.
      descriptor.closeNow();
    }
    foreground.ifPresent(Foreground::dropped);
    synchronized (this) {
      life = life.drop();
    }
    disposeIfGone();
  }

  private CloseAction.Effect closeEffect() {
    if (lastClose.isEmpty()) {
      return calls.reaps()
          ? CloseAction.Effect.RELEASES_SHARE
          : CloseAction.Effect.CLOSES_DESCRIPTOR;
    }
    try (OwnedDescriptor.Loan loan = descriptor.lend()) {
      boolean running = !completion.hasExited(); // The watcher may see the end of a kill at once.
      CloseAction.Effect effect = lastClose.get().kill(loan.fd());
      Recorder recorder = Recorder.current();
      if (recorder != null && effect == CloseAction.Effect.ENDS_PROCESS && running) {
        recorder.killed(pid);
      }
      return effect;
    }
  }

  /**
   * Lends the kernel's descriptor if it is still open, whether or not the application closed its
   * objects.
   */
  public void withDescriptor(IntConsumer use) {
    try (OwnedDescriptor.Loan loan = descriptor.lend()) {
      use.accept(loan.fd());
    } catch (ClosedDescriptorException e) {
      return; // There is nothing to use it for.
    }
  }

  /** Returns the name of the process in messages. */
  String name() {
    return pid.isPresent()
        ? "process " + pid.getAsLong()
        : "a process" + hiddenIn.map(part -> " in " + part).orElse("");
  }

  @Override
  public String toString() {
    return name()
        + completion.status().map(status -> " " + status).orElse(isClosed() ? " closed" : "");
  }
}
