package dev.procdesc.cli;

import dev.procdesc.ExitStatus;
import dev.procdesc.ResourceUsage;
import dev.procdesc.Signal;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * How a command went.
 *
 * @param pid its process ID
 * @param status how it ended
 * @param expiry whether its time ran out, and what it took then
 * @param started when
 * @param wall how long it ran
 * @param usage what it cost, where that is known
 */
record Outcome(
    long pid,
    ExitStatus status,
    Expiry expiry,
    Instant started,
    Duration wall,
    Optional<ResourceUsage> usage) {

  /** What became of the command's time limit. */
  enum Expiry {
    /** It had none, or ended in time. */
    NONE,
    /** It ended after {@code SIGTERM}. */
    TERMINATED,
    /** It had to be killed. */
    KILLED
  }

  /** Whether this signal ended it. */
  boolean endedBy(Signal signal) {
    return status instanceof ExitStatus.Signaled signaled && signaled.signal().equals(signal);
  }

  /** What {@code pd} ends with: as a shell, and as timeout(1) when the time was up. */
  int exitCode() {
    return switch (expiry) {
      case TERMINATED -> ExitCodes.TIMED_OUT;
      case KILLED -> 128 + Signal.KILL.number();
      case NONE -> status instanceof ExitStatus.Unknown ? ExitCodes.FAILED : status.shellCode();
    };
  }
}
