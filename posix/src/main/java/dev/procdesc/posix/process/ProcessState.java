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
 * The life of one process, apart from the objects that the application holds: the garbage
 * collector's action and the watcher refer to this alone, so that the objects themselves can become
 * unreachable.
 *
 * <p>There is one for each process and way to it, with one or more {@link ProcessReference}s, which
 * are what {@code duplicate()} and {@code restrict()} make. The close of the last one is the close
 * of this. States: open and running → open and ended, or closed and running → closed and ended. The
 * kernel's descriptor is closed in the last state only, because a closed child that still runs is
 * kept until it is reaped; except where {@link CloseAction.Effect#CLOSES_DESCRIPTOR} says that it
 * must go.
 *
 * <p>Whoever sees the end first collects the status, under {@link #collecting}, and publishes it
 * for all: otherwise a second thread could take "no child" for a status stolen by somebody else.
 */
public final class ProcessState implements Watcher.Watched, Watcher.Newborn {
  private static final System.Logger LOG = System.getLogger("dev.procdesc");

  private final OwnedDescriptor descriptor;
  private final OptionalLong pid;

  /** What the kernel lets this descriptor do. */
  private final Set<Right> rights;

  /** Absent for a process that is released. */
  private final Optional<CloseAction> lastClose;

  private final ProcessOperations calls;
  private final Watcher watcher;

  /** Held while the kernel is asked for the status. */
  private final Object collecting = new Object();

  /** Those that are to be told of the end, guarded by this. */
  private final List<ProcessReference> references = new ArrayList<>(1);

  private final List<Consumer<StateChange>> stateListeners = new CopyOnWriteArrayList<>();

  /** Guarded by the listeners. */
  private boolean watchesState;

  private volatile @Nullable ExitStatus status;
  private volatile @Nullable ResourceUsage usage;

  /** Whether it is known to have ended, perhaps without a status yet. */
  private volatile boolean exited;

  /** How many references are open, guarded by this. */
  private int open;

  /** Whether the last reference was closed, and whether that is the process's end. */
  private volatile boolean closed;

  private volatile boolean ending;
  private boolean watched;

  /** Whether the close has done its work, and whether all is over; guarded by this. */
  private boolean closeDone;

  private boolean over;
  private long token;

  /** A process behind a descriptor that was just created. */
  public ProcessState(
      OwnedDescriptor descriptor,
      long pid,
      Optional<CloseAction> lastClose,
      ProcessOperations calls,
      Watcher watcher) {
    this(descriptor, OptionalLong.of(pid), lastClose, calls, watcher);
  }

  /** A process behind a descriptor; its ID if that is known. */
  public ProcessState(
      OwnedDescriptor descriptor,
      OptionalLong pid,
      Optional<CloseAction> lastClose,
      ProcessOperations calls,
      Watcher watcher) {
    this(descriptor, pid, EnumSet.allOf(Right.class), lastClose, calls, watcher);
  }

  /** A process behind a descriptor that can do only so much. */
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

  /** Whether the last close was the end of the process, so that its status will come soon. */
  boolean isEnding() {
    return ending;
  }

  Optional<ExitStatus> status() {
    return Optional.ofNullable(status);
  }

  /** Whether the process has ended, as far as was seen; its status may have to come yet. */
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

  /** Asks the kernel for the status, if it is not known. */
  void tryCollect() {
    if (status == null) {
      watcher.execute(collect(false));
    }
  }

  /**
   * What must travel with the descriptor when it is sent to another process. From now on the
   * process lives until the last holder is gone, here or there.
   */
  Optional<OwnedDescriptor> share() throws IOException {
    synchronized (this) {
      if (closed) {
        throw new ClosedDescriptorException("the descriptor of " + this + " is closed");
      }
      return lastClose.isPresent() ? lastClose.get().share(descriptor) : Optional.empty();
    }
  }

  /** Adds a listener; the first one starts the watch, which lasts until the process ends. */
  ProcessDescriptor.Listening onStateChange(Consumer<? super StateChange> listener) {
    // An object of its own, so that the same listener may be added twice and removed once.
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

  /** Puts the process into the watcher's set, unless it is there or has ended. */
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
        return; // Let go by another thread, which told those who wait.
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

  /** The descriptor goes when the process has ended and its close has done its work. */
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

  /** A reference was closed; called once for each. */
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
      // EPERM cannot always be helped: the process became another user's by a set-user-ID program.
      // The watcher keeps it, so that it is reaped when it ends.
      boolean due = running || lastClose.get().reachesOthers() || !ending;
      if (due && !kill(lastClose.get())) {
        giveUp();
      }
    }
    if (!ending) {
      // The status may be here and not be published yet: this reference is out of the list.
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

  /** Closes the kernel's descriptor although the process may run: its end is not ours to see. */
  private void closeDescriptorNow() {
    boolean first;
    // Nobody asks for the status meanwhile: the answer would be that of what replaces it.
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
        // Who listens for state changes is blocked until the end, which this close may bring.
        descriptor.closeNow(calls.numbers());
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
    return (pid.isPresent() ? "process " + pid.getAsLong() : "a process")
        + (known != null ? " " + known : closed ? " closed" : "");
  }
}
