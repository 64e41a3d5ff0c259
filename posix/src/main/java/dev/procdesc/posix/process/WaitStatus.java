package dev.procdesc.posix.process;

import dev.procdesc.ExitStatus;
import dev.procdesc.ResourceUsage;
import dev.procdesc.StateChange;
import dev.procdesc.posix.ffi.PosixNumbers;
import java.nio.ByteBuffer;
import java.time.Duration;

/** Decodes the results of the wait family of calls, in the form that every 64-bit system has. */
public final class WaitStatus {
  /** The low byte of the status of a stopped process. */
  private static final int STOPPED = 0x7F;

  private WaitStatus() {}

  /** Decodes an exit status in the form of wait(2). */
  public static ExitStatus status(int status, SignalNames signals) {
    int signal = status & 0x7F;
    return signal == 0
        ? new ExitStatus.Exited((status >> 8) & 0xFF)
        : new ExitStatus.Signaled(signals.of(signal), (status & PosixNumbers.WCOREFLAG) != 0);
  }

  /** Decodes a stop or continue in the form of wait(2). */
  public static StateChange change(int status, SignalNames signals) {
    return (status & 0xFF) == STOPPED
        ? new StateChange.Stopped(signals.of((status >> 8) & 0xFF))
        : new StateChange.Continued();
  }

  /** Decodes a {@code struct rusage}. */
  public static ResourceUsage usage(ByteBuffer bytes, int at) {
    return new ResourceUsage(
        time(bytes, at + PosixNumbers.RUSAGE_UTIME),
        time(bytes, at + PosixNumbers.RUSAGE_STIME),
        bytes.getLong(at + PosixNumbers.RUSAGE_MAXRSS) * 1024,
        bytes.getLong(at + PosixNumbers.RUSAGE_MINFLT),
        bytes.getLong(at + PosixNumbers.RUSAGE_MAJFLT),
        bytes.getLong(at + PosixNumbers.RUSAGE_INBLOCK),
        bytes.getLong(at + PosixNumbers.RUSAGE_OUBLOCK),
        bytes.getLong(at + PosixNumbers.RUSAGE_NVCSW),
        bytes.getLong(at + PosixNumbers.RUSAGE_NIVCSW));
  }

  private static Duration time(ByteBuffer bytes, int at) {
    return Duration.ofSeconds(bytes.getLong(at), bytes.getLong(at + Long.BYTES) * 1000);
  }
}
