package dev.procdesc.cli;

import dev.procdesc.ExitStatus;
import dev.procdesc.ProcessIdentity;
import dev.procdesc.ResourceUsage;
import dev.procdesc.Signal;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * The outcome of a command.
 *
 * @param pid the process ID
 * @param identity the identity of the process, if the system has identities
 * @param status the exit status
 * @param expiry the effect of the time limit
 * @param started the time at which the command started
 * @param wall the time for which the command ran
 * @param usage the resource usage, if it is known
 * @param lostOutput the failure to write the output of the command's terminal
 */
record Outcome(
    long pid,
    Optional<ProcessIdentity> identity,
    ExitStatus status,
    Expiry expiry,
    Instant started,
    Duration wall,
    Optional<ResourceUsage> usage,
    Optional<Output.Failed> lostOutput) {

  /** The effect of the command's time limit. */
  enum Expiry {
    /** The command had no time limit, or ended in time. */
    NONE,
    /** The command ended after {@code SIGTERM}. */
    TERMINATED,
    /** The command ended after {@code SIGKILL}. */
    KILLED
  }

  /** Returns whether the given signal ended the command. */
  boolean endedBy(Signal signal) {
    return status instanceof ExitStatus.Signaled signaled && signaled.signal().equals(signal);
  }

  /**
   * Returns the exit code of {@code pd}: as from a shell, or as from timeout(1) if the time limit
   * expired.
   */
  int exitCode() {
    if (lostOutput.isPresent()) {
      return ExitCodes.FAILED;
    }
    return switch (expiry) {
      case TERMINATED -> ExitCodes.TIMED_OUT;
      case KILLED -> 128 + Signal.KILL.number();
      case NONE -> status instanceof ExitStatus.Unknown ? ExitCodes.FAILED : status.shellCode();
    };
  }
}
