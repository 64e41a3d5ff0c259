package dev.procdesc.posix.process;

import dev.procdesc.ExitStatus;
import dev.procdesc.Feature;
import dev.procdesc.Platform;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.ProcessInfo;
import dev.procdesc.ResourceUsage;
import dev.procdesc.Right;
import dev.procdesc.Signal;
import dev.procdesc.StateChange;
import dev.procdesc.UnsupportedFeatureException;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.io.OwnedDescriptor;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Consumer;

/**
 * What a backend does with a process descriptor. Every call is by descriptor, never by process ID.
 */
public interface ProcessOperations {
  /** The duty of this JVM towards a process. */
  enum Task {
    /** Reaps a child of the library. */
    REAP,
    /** Reaps a child of the library and collects its resource usage. */
    REAP_FOR_USAGE,
    /**
     * Observes a process that was opened or received, and never reaps it: it may be a child of this
     * JVM that other code in it reaps.
     */
    OBSERVE;

    /** Returns whether the process is reaped. */
    public boolean reaps() {
      return this != OBSERVE;
    }
  }

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

  /**
   * Whether the end of the process is ours to collect, so that it is watched for after the last
   * close too. If not, the descriptor is closed at the last close.
   */
  default boolean reaps() {
    return true;
  }

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

  /** What tells one process from every other, ever: numbers of the kernel's. */
  record Identity(long device, long inode) {}

  /**
   * Which process it is.
   *
   * @throws UnsupportedFeatureException if this system does not tell
   */
  default Identity identity(int fd) throws ProcessDescriptorException {
    throw absent(Feature.PROCESS_IDENTITY, "a descriptor with an identity");
  }

  /**
   * What the kernel tells of the process.
   *
   * @throws UnsupportedFeatureException if it tells nothing
   */
  default ProcessInfo info(int fd) throws ProcessDescriptorException {
    throw absent(Feature.PROCESS_INFO, "a call that tells of a process by descriptor");
  }

  /**
   * A copy of the descriptor, close-on-exec, that the kernel limits to some rights. Empty where the
   * kernel has no such thing, and the library alone enforces them.
   */
  default OptionalInt limit(int fd, Set<Right> rights) throws ProcessDescriptorException {
    return OptionalInt.empty();
  }

  /** Why a reference whose rights the library alone enforces cannot be sent. */
  default UnsupportedFeatureException cannotSend(Set<Right> rights) {
    return absent(
        Feature.KERNEL_RIGHTS,
        "rights that travel; the receiver would have more of them than the sender ("
            + rights
            + "). Send a descriptor that was not restricted");
  }

  private static UnsupportedFeatureException absent(Feature feature, String lacks) {
    return new UnsupportedFeatureException(feature, Platform.current().system(), lacks);
  }
}
