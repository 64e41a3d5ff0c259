package dev.procdesc.posix.process;

import dev.procdesc.ExitStatus;
import dev.procdesc.Feature;
import dev.procdesc.LastClose;
import dev.procdesc.Platform;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.ProcessInfo;
import dev.procdesc.ResourceUsage;
import dev.procdesc.Right;
import dev.procdesc.Signal;
import dev.procdesc.StateChange;
import dev.procdesc.UnsupportedFeatureException;
import dev.procdesc.posix.io.OwnedDescriptor;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.IntConsumer;

/**
 * The operations of a backend on a process descriptor. Every call is by descriptor, never by
 * process ID.
 */
public abstract class ProcessOperations {
  /** The duty of this JVM towards a process. */
  public enum Task {
    /** Reaps a child of the library. */
    REAP,
    /** Reaps a child of the library and collects its resource usage. */
    REAP_FOR_USAGE,
    /**
     * Observes a process that was opened or received, and never reaps it: it may be a child of this
     * JVM that other code in it reaps.
     */
    OBSERVE
  }

  /** The state of a process as the kernel reports it. */
  public sealed interface Outcome {
    /** The process is running. */
    record Running() implements Outcome {}

    /**
     * The process has ended. Its exit status becomes available once its parent has reaped it, or,
     * for a child of this JVM that is traced, once the tracer has.
     */
    record Unreaped() implements Outcome {}

    /** The process has ended, with this exit status. */
    record Ended(ExitStatus status, Optional<ResourceUsage> usage) implements Outcome {}
  }

  private final Task task;
  private final SignalNames signals;

  /**
   * Creates the operations.
   *
   * @param signals the signals of the system
   */
  protected ProcessOperations(Task task, SignalNames signals) {
    this.task = task;
    this.signals = signals;
  }

  /**
   * Collects the exit status without blocking; reaps the process if it is a child of this library.
   * Called by one thread at a time for one process.
   */
  public abstract Outcome collect(int fd);

  /**
   * Does the same for a process that has probably ended, which can save a system call. Returns the
   * right outcome for any other process too.
   */
  public Outcome collectEnded(int fd) {
    return collect(fd);
  }

  /**
   * Returns whether this library collects the exit status, so that the process is watched after the
   * last close too. If not, the descriptor is closed at the last close.
   */
  public boolean reaps() {
    return task != Task.OBSERVE;
  }

  /** Returns whether the resource usage is collected. */
  protected final boolean collectsUsage() {
    return task == Task.REAP_FOR_USAGE;
  }

  /** Decodes an exit status in the form of wait(2). */
  protected final ExitStatus status(int status) {
    return WaitStatus.status(status, signals);
  }

  /**
   * Sends a signal.
   *
   * @return 0 or {@code -errno}
   */
  public abstract int signal(int fd, int number);

  /**
   * Sends a signal to the process group that the process leads.
   *
   * @return 0 or {@code -errno}
   * @throws dev.procdesc.UnsupportedFeatureException if this system cannot do it
   */
  public abstract int signalGroup(int fd, int number);

  /**
   * Returns the part of the system in which a process is, if the kernel hides the processes of that
   * part from this JVM, such as {@code another PID namespace}. Such a process has no ID here and
   * accepts no signal, but its descriptor reports its end.
   *
   * @return empty if the process is not hidden, or if this system does not report it
   */
  public Optional<String> hiddenIn(int fd) {
    return Optional.empty();
  }

  /**
   * Returns whether a process group has members and all of them are zombies, which accept signals
   * as if they were running. Reaps none of them.
   *
   * @param group the number of the group
   * @return false also if this system does not report it
   */
  public abstract boolean isGroupOfZombies(long group);

  /** Returns the number of a signal. */
  final int signalNumber(Signal signal) {
    return signals.number(signal);
  }

  /**
   * Has the stops and continuations of a process taken as they happen, until the process ends or
   * the returned task is run. Called once for a process, because each change is reported only once.
   *
   * @param taker takes the changes by {@link #takeStateChange}, and never blocks; called with the
   *     descriptor
   * @throws UnsupportedFeatureException if this system cannot do it
   */
  public abstract Runnable watchStateChanges(OwnedDescriptor descriptor, IntConsumer taker);

  /** Returns a stop or continue that was not taken before, without blocking. */
  public abstract Optional<StateChange> takeStateChange(int fd);

  /**
   * Returns whether two descriptors refer to the same process.
   *
   * @throws UnsupportedFeatureException if this system does not report it
   */
  public abstract boolean isSame(int fd, int other) throws ProcessDescriptorException;

  /**
   * Returns the number of the descriptor's inode, which distinguishes the process from every other
   * one, past or future.
   *
   * @throws UnsupportedFeatureException if there is no such number
   */
  public long inode(int fd) throws ProcessDescriptorException {
    throw absent(Feature.UNIQUE_IDENTITY, "a number of a process that is never reused");
  }

  /**
   * Returns the information that the kernel reports about the process.
   *
   * @throws UnsupportedFeatureException if it reports none
   */
  public ProcessInfo info(int fd) throws ProcessDescriptorException {
    throw absent(Feature.PROCESS_INFO, "a call that reports on a process by descriptor");
  }

  /**
   * Returns the effect of the last close of a descriptor that this JVM did not create, and that has
   * no lifeline.
   */
  public abstract LastClose lastClose(int fd);

  /**
   * Returns a close-on-exec copy of the descriptor that the kernel limits to some rights. Empty if
   * the kernel has no such mechanism and the library alone enforces the rights.
   */
  public OptionalInt limit(int fd, Set<Right> rights) throws ProcessDescriptorException {
    return OptionalInt.empty();
  }

  /**
   * Returns the exception for an attempt to send a reference whose rights the library alone
   * enforces.
   */
  public UnsupportedFeatureException cannotSend(Set<Right> rights) {
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
