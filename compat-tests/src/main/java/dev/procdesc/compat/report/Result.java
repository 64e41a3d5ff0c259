package dev.procdesc.compat.report;

import java.time.Duration;
import java.util.List;

/**
 * What one test has shown.
 *
 * @param subject on what: the backend's name, {@code view} or {@code control}
 * @param className the class of the test
 * @param name the method, with its arguments if it has any
 * @param contracts the guarantees it proves
 * @param origins the foreign tests it mirrors
 * @param outcome how it ended
 * @param reason why it failed or was skipped; empty if it passed
 * @param feature the feature that lacks; empty if none
 * @param trace the stack trace of a failure; empty otherwise
 * @param duration how long it took
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

  /** The class without its package, and the method. */
  public String title() {
    return className.substring(className.lastIndexOf('.') + 1) + "." + name;
  }
}
