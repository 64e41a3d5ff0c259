package dev.procdesc;

import java.time.Duration;
import java.util.Objects;

/**
 * What an ended process cost, with those of its descendants that it waited for.
 *
 * <p>On Linux the largest resident set counts from before the program was executed, when the child
 * shared the JVM's memory: it is never less than the JVM's own. The same holds for a child of any
 * program that spawns by fork or vfork.
 *
 * @param userTime CPU time in user mode
 * @param systemTime CPU time in the kernel
 * @param maxResidentBytes the largest resident set, in bytes
 * @param minorFaults page faults served without input
 * @param majorFaults page faults that needed input
 * @param blockInputs times the file system had to read
 * @param blockOutputs times the file system had to write
 * @param voluntarySwitches context switches for waiting
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
   * @param userTime CPU time in user mode
   * @param systemTime CPU time in the kernel
   * @param maxResidentBytes the largest resident set, in bytes
   * @param minorFaults page faults served without input
   * @param majorFaults page faults that needed input
   * @param blockInputs times the file system had to read
   * @param blockOutputs times the file system had to write
   * @param voluntarySwitches context switches for waiting
   * @param involuntarySwitches context switches by preemption
   */
  public ResourceUsage {
    Objects.requireNonNull(userTime, "userTime");
    Objects.requireNonNull(systemTime, "systemTime");
  }
}
