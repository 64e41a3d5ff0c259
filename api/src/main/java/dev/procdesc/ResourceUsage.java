package dev.procdesc;

import java.time.Duration;
import java.util.Objects;

/**
 * The resource usage of a process that has ended, including that of the descendants for which it
 * waited.
 *
 * <p>On Linux the largest resident set includes the time before the program was executed, when the
 * child shared the JVM's memory: it is never less than the JVM's own. The same holds for a child of
 * any program that spawns by fork or vfork.
 *
 * @param userTime CPU time in user mode
 * @param systemTime CPU time in the kernel
 * @param maxResidentBytes the largest resident set, in bytes
 * @param minorFaults page faults served without input
 * @param majorFaults page faults that needed input
 * @param blockInputs the number of times that the file system had to read
 * @param blockOutputs the number of times that the file system had to write
 * @param voluntarySwitches context switches because the process waited
 * @param involuntarySwitches context switches by preemption
 * @see <a href="https://man7.org/linux/man-pages/man2/getrusage.2.html">getrusage(2), Linux</a>
 * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=getrusage&amp;sektion=2">getrusage(2),
 *     FreeBSD</a>
 */
public record ResourceUsage(
    Duration userTime,
    Duration systemTime,
    long maxResidentBytes,
    long minorFaults,
    long majorFaults,
    long blockInputs,
    long blockOutputs,
    long voluntarySwitches,
    long involuntarySwitches) {
  /**
   * Checks for nulls.
   *
   * @param userTime see {@link #userTime()}
   * @param systemTime see {@link #systemTime()}
   * @param maxResidentBytes see {@link #maxResidentBytes()}
   * @param minorFaults see {@link #minorFaults()}
   * @param majorFaults see {@link #majorFaults()}
   * @param blockInputs see {@link #blockInputs()}
   * @param blockOutputs see {@link #blockOutputs()}
   * @param voluntarySwitches see {@link #voluntarySwitches()}
   * @param involuntarySwitches see {@link #involuntarySwitches()}
   */
  public ResourceUsage {
    Objects.requireNonNull(userTime, "userTime");
    Objects.requireNonNull(systemTime, "systemTime");
  }
}
