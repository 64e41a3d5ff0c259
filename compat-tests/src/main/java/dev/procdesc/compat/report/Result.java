package dev.procdesc.compat.report;

import java.time.Duration;
import java.util.List;

/**
 * The result of one test.
 *
 * @param subject the subject: the name of the backend, {@code view} or {@code control}
 * @param className the class of the test
 * @param name the method, with its arguments, if any
 * @param contracts the guarantees that it proves
 * @param origins the tests of other projects that it mirrors
 * @param outcome the outcome
 * @param reason the reason of a failure or a skip; empty if it passed
 * @param feature the missing feature; empty if none
 * @param trace the stack trace of a failure; empty otherwise
 * @param duration the time that it took
 */
public record Result(
    String subject,
    String className,
    String name,
    List<String> contracts,
    List<String> origins,
    Outcome outcome,
    String reason,
    String feature,
    String trace,
    Duration duration) {
  /** Copies the lists. */
  public Result {
    contracts = List.copyOf(contracts);
    origins = List.copyOf(origins);
  }

  /** Returns the class, without its package, and the method. */
  public String title() {
    return className.substring(className.lastIndexOf('.') + 1) + "." + name;
  }
}
