package dev.procdesc.posix;

import dev.procdesc.ExitStatus;
import dev.procdesc.ResourceUsage;
import dev.procdesc.Signal;
import dev.procdesc.StateChange;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * What a backend does with a process descriptor. Every call is by descriptor, never by process ID.
 */
public interface ProcessCalls {
  /** What the kernel tells of a process. */
  sealed interface Outcome {
    /** It runs. */
    record Running() implements Outcome {}

    /** It has ended, and its status will be there once its parent has reaped it. */
    record Unreaped() implements Outcome {}

    /** It has ended. */
    record Ended(ExitStatus status, Optional<ResourceUsage> usage) implements Outcome {}
  }

  /**
   * Asks how the process fares, and reaps it if that is ours to do. Never blocks. Called by one
   * thread at a time for one process.
   */
  Outcome collect(int fd);

  /** Sends a signal: 0 or {@code -errno}. */
  int signal(int fd, int number);

  /**
   * Sends a signal to the process group that the process leads: 0 or {@code -errno}.
   *
   * @throws dev.procdesc.UnsupportedFeatureException if this system cannot
   */
  int signalGroup(int fd, int number);

  /** The number of a signal. */
  int signalNumber(Signal signal);

  /** The numbers of this system. */
  PosixNumbers numbers();

  /**
   * Reports stop and continue until the process ends, in a thread of its own. Called once for a
   * process: a change is told once.
   *
   * @param descriptor lent for as long
   * @throws dev.procdesc.UnsupportedFeatureException if this system cannot
   */
  void watchStateChanges(OwnedDescriptor descriptor, Consumer<? super StateChange> listener);
}
