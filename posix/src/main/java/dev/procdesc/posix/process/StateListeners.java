package dev.procdesc.posix.process;

import static dev.procdesc.posix.io.Logging.LOG;

import dev.procdesc.ProcessDescriptor;
import dev.procdesc.StateChange;
import dev.procdesc.posix.io.OwnedDescriptor;
import dev.procdesc.posix.io.Watcher;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/**
 * The listeners for stop and continue of a process. The changes are taken from the kernel once for
 * all listeners, and delivered in their order by one thread of the library at a time.
 */
final class StateListeners {
  private final OwnedDescriptor descriptor;
  private final ProcessOperations operations;
  private final Watcher watcher;
  private final List<Consumer<StateChange>> listeners = new CopyOnWriteArrayList<>();

  /** The changes that are not delivered yet. This and the following fields are guarded by this. */
  private final Queue<StateChange> due = new ArrayDeque<>(0);

  private boolean delivering;

  /** The end of the watch, once there is a listener. */
  private Optional<Runnable> watch = Optional.empty();

  private boolean ended;

  StateListeners(OwnedDescriptor descriptor, ProcessOperations operations, Watcher watcher) {
    this.descriptor = descriptor;
    this.operations = operations;
    this.watcher = watcher;
  }

  /** Adds a listener. The first one starts the watch, which lasts until {@link #end()}. */
  synchronized ProcessDescriptor.Listening add(Consumer<? super StateChange> listener) {
    // A separate object, so that the same listener may be added twice and removed once.
    Consumer<StateChange> entry = listener::accept;
    listeners.add(entry);
    try {
      if (watch.isEmpty() && !ended) {
        watch = Optional.of(operations.watchStateChanges(descriptor, this::take));
      }
    } catch (RuntimeException e) {
      listeners.remove(entry);
      throw e;
    }
    return () -> listeners.remove(entry);
  }

  /** Ends the watch. */
  synchronized void end() {
    ended = true;
    if (watch.isPresent()) {
      watch.get().run();
      watch = Optional.empty();
    }
  }

  /** Takes the changes that the kernel has to report, and has them delivered. */
  private synchronized void take(int fd) {
    Optional<StateChange> change = operations.takeStateChange(fd);
    while (change.isPresent()) {
      due.add(change.get());
      change = operations.takeStateChange(fd);
    }
    if (!due.isEmpty() && !delivering) {
      delivering = true;
      watcher.execute(List.of(this::deliver));
    }
  }

  private synchronized Optional<StateChange> nextDue() {
    delivering = !due.isEmpty();
    return Optional.ofNullable(due.poll());
  }

  private void deliver() {
    for (Optional<StateChange> change = nextDue(); change.isPresent(); change = nextDue()) {
      for (Consumer<StateChange> listener : listeners) {
        try {
          listener.accept(change.get());
        } catch (RuntimeException | Error e) {
          LOG.log(System.Logger.Level.ERROR, "a listener for state changes failed", e);
        }
      }
    }
  }
}
