package dev.procdesc.posix.process;

import dev.procdesc.ClosedDescriptorException;
import dev.procdesc.ExitStatus;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ResourceUsage;
import dev.procdesc.Right;
import dev.procdesc.StateChange;
import dev.procdesc.posix.io.EventQueue;
import dev.procdesc.posix.io.OwnedDescriptor;
import dev.procdesc.posix.io.Watcher;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
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
 * the last reference is the close of this object. States: open and running → open and ended, or
 * closed and running → closed and ended. The kernel's descriptor is closed in the last state only,
 * because a closed child that still runs is retained until it is reaped; the exception is
 * {@link CloseAction.Effect#CLOSES_DESCRIPTOR}, which requires an immediate close.
 *
 * <p>The first thread that sees the end collects the exit status, under {@link #collecting}, and
 * publishes it to all references. Otherwise a second thread could take ECHILD for a status that
 * other code has reaped.
 */
public final class ProcessState implements Watcher.Watched, Watcher.Newborn {
  private static final System.Logger LOG = System.getLogger("dev.procdesc");

  private final OwnedDescriptor descriptor;
  private final OptionalLong pid;

  /** The rights that the kernel gives this descriptor. */
  private final Set<Right> rights;

  /** The action of the last close; absent for a process that is released. */
  private final Optional<CloseAction> lastClose;

  private final ProcessOperations calls;
  private final Watcher watcher;

  /** Held while the kernel is queried for the exit status. */
  private final Object collecting = new Object();

  /** The references to notify of the end, guarded by this. */
  private final List<ProcessReference> references = new ArrayList<>(1);

  private final List<Consumer<StateChange>> stateListeners = new CopyOnWriteArrayList<>();

  /** Set when the first listener was added. Guarded by the listeners. */
  private boolean watchesState;

  private volatile @Nullable ExitStatus status;
  private volatile @Nullable ResourceUsage usage;

  /** Set when the process is known to have ended, perhaps without an exit status yet. */
  private volatile boolean exited;

  /** The number of open references, guarded by this. */
  private int open;

  /** Set when the last reference was closed. {@link #ending} is set if that ends the process. */
  private volatile boolean closed;

  private volatile boolean ending;
  private boolean watched;

  /** Set when the close action has run, guarded by this. {@link #over} is set at the very end. */
  private boolean closeDone;

  private boolean over;
  private long token;

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
    this(descriptor, pid, EnumSet.allOf(Right.class), lastClose, calls, watcher);
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
    Set<Right> copy = EnumSet.noneOf(Right.class);
    copy.addAll(rights);
    this.rights = Collections.unmodifiableSet(copy);
    this.lastClose = lastClose;
    this.calls = calls;
    this.watcher = watcher;
  }

  Set<Right> rights() {
    return rights;
  }

  OptionalLong pid() {
    return pid;
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

  boolean isClosed() {
    return closed;
  }

  /**
   * Returns whether the last close ended the process, so that its exit status will be available
   * soon.
   */
  boolean isEnding() {
    return ending;
  }

  Optional<ExitStatus> status() {
    return Optional.ofNullable(status);
  }

  /**
   * Returns whether the process is known to have ended; its exit status may not be available yet.
   */
  boolean hasExited() {
    return exited || status != null;
  }

  Optional<ResourceUsage> resourceUsage() {
    return Optional.ofNullable(usage);
  }

  /** Counts a new reference. */
  void add(ProcessReference reference) {
    synchronized (this) {
      if (closed) {
        throw new ClosedDescriptorException("the descriptor of " + this + " is closed");
      }
      open++;
      if (status == null) {
        references.add(reference);
        return;
      }
    }
    publishTo(List.of(reference));
  }

  /** Queries the kernel for the exit status, if it is not known. */
  void tryCollect() {
    if (status == null) {
      watcher.execute(collect(false));
    }
  }

  /**
   * Returns the lifeline that must be sent along when the descriptor is sent to another process.
   * From now on the process lives until the last holder, in any process, has closed it.
   */
  Optional<OwnedDescriptor> share() throws IOException {
    synchronized (this) {
      if (closed) {
        throw new ClosedDescriptorException("the descriptor of " + this + " is closed");
      }
      return lastClose.isPresent() ? lastClose.get().share(descriptor) : Optional.empty();
    }
  }

  /** Adds a listener. The first one starts the watch, which lasts until the process ends. */
  ProcessDescriptor.Listening onStateChange(Consumer<? super StateChange> listener) {
    // A separate object, so that the same listener may be added twice and removed once.
    Consumer<StateChange> entry = listener::accept;
    synchronized (stateListeners) {
      stateListeners.add(entry);
      if (!watchesState) {
        calls.watchStateChanges(descriptor, this::notifyListeners);
        watchesState = true;
      }
    }
    return () -> stateListeners.remove(entry);
  }

  private void notifyListeners(StateChange change) {
    for (Consumer<StateChange> listener : stateListeners) {
      try {
        listener.accept(change);
      } catch (RuntimeException | Error e) {
        LOG.log(System.Logger.Level.ERROR, "a listener for state changes failed", e);
      }
    }
  }

  /** Adds the process to the watcher's set, unless it is already in it or has ended. */
  @Override
  public void ensureWatched() {
    synchronized (collecting) {
      if (status != null || watched) {
        return;
      }
      int fd;
      try {
        fd = descriptor.acquire();
      } catch (ClosedDescriptorException e) {
        return; // Released by another thread, which notified the waiters.
      }
      try {
        token = watcher.watch(fd, EventQueue.Interest.EXIT, this);
        watched = true;
      } catch (IOException e) {
        throw new UncheckedIOException(this + " cannot be watched", e);
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
   * Queries the kernel and publishes the result.
   *
   * @param fired whether the watch has reported, so that it must be armed again if the process has
   *     not ended
   * @return the tasks that remain to be run: completing the applications' futures
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
        ProcessOperations.Outcome outcome = calls.collect(fd);
        if (outcome instanceof ProcessOperations.Outcome.Ended end) {
          if (watched) {
            watcher.unwatch(fd, EventQueue.Interest.EXIT, token);
          }
          usage = end.usage().orElse(null);
          status = end.status();
          exited = true;
        } else {
          boolean unreaped = outcome instanceof ProcessOperations.Outcome.Unreaped;
          if (unreaped) {
            exited = true;
          }
          if (fired && watched) {
            watcher.watchAgain(
                fd, unreaped ? EventQueue.Interest.REAPED : EventQueue.Interest.EXIT, token);
          }
        }
      } catch (IOException e) {
        throw new UncheckedIOException(this + " cannot be watched", e);
      } finally {
        descriptor.release();
      }
    }
    return status == null ? List.of() : publish();
  }

  private List<Runnable> publish() {
    List<ProcessReference> told;
    synchronized (this) {
      told = List.copyOf(references);
      references.clear();
    }
    List<Runnable> left = publishTo(told);
    lastClose.ifPresent(CloseAction::ended);
    finish();
    return left;
  }

  private List<Runnable> publishTo(List<ProcessReference> told) {
    ExitStatus known = Objects.requireNonNull(status);
    List<Runnable> left = new ArrayList<>();
    told.forEach(reference -> left.addAll(reference.ended(known)));
    return left;
  }

  /** Closes the descriptor once the process has ended and the close action has run. */
  private void finish() {
    synchronized (this) {
      if (over || !closeDone || status == null) {
        return;
      }
      over = true;
    }
    descriptor.close();
    lastClose.ifPresent(CloseAction::done);
  }

  /** Processes the close of a reference. Called once for each. */
  void release(ProcessReference reference) {
    CloseAction.Effect effect = CloseAction.Effect.RELEASES_SHARE;
    boolean last;
    boolean running;
    synchronized (this) {
      open--;
      last = open == 0;
      running = status == null;
      if (last) {
        effect = lastClose
            .map(CloseAction::effect)
            .orElse(
                calls.reaps()
                    ? CloseAction.Effect.RELEASES_SHARE
                    : CloseAction.Effect.CLOSES_DESCRIPTOR);
        ending = effect == CloseAction.Effect.ENDS_PROCESS;
        closed = true;
      }
      if (!ending) {
        references.remove(reference);
      }
    }
    if (last && lastClose.isPresent()) {
      // EPERM is not always avoidable: the process changed to another user by executing a
      // set-user-ID program. The watcher retains it, so that it is reaped when it ends.
      boolean due = running || lastClose.get().reachesOthers() || !ending;
      if (due && !kill(lastClose.get())) {
        giveUp();
      }
    }
    if (!ending) {
      // The status may be known and not published yet; this reference is no longer in the list.
      List<Runnable> left = running ? reference.abandoned() : publishTo(List.of(reference));
      descriptor.wakeWaiting();
      watcher.execute(left);
    }
    if (!last) {
      return;
    }
    if (effect == CloseAction.Effect.CLOSES_DESCRIPTOR) {
      closeDescriptorNow();
      return;
    }
    synchronized (this) {
      closeDone = true;
    }
    finish();
    ensureWatched();
  }

  /**
   * Closes the kernel's descriptor although the process may be running; its end is not observed.
   */
  private void closeDescriptorNow() {
    boolean first;
    // The status must not be queried meanwhile: the answer could be that of a reused descriptor
    // number.
    synchronized (collecting) {
      if (watched) {
        watched = false;
        withDescriptor(fd -> watcher.unwatch(fd, EventQueue.Interest.EXIT, token));
      }
      synchronized (this) {
        first = !over;
        over = true;
        closeDone = true;
      }
      if (first) {
        // A listener for state changes is blocked until the process ends, which this close may
        // cause.
        descriptor.closeNow();
      }
    }
    if (first) {
      lastClose.ifPresent(CloseAction::done);
    }
  }

  private boolean kill(CloseAction close) {
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

  /**
   * Lets the kernel kill at the close of its descriptor, after which no exit status is reported.
   */
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

  /**
   * Lends the kernel's descriptor if it is still open, whether or not the application closed its
   * objects.
   */
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
    return (pid.isPresent() ? "process " + pid.getAsLong() : "a process")
        + (known != null ? " " + known : closed ? " closed" : "");
  }
}
