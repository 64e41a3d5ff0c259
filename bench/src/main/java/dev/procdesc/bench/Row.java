package dev.procdesc.bench;

import java.util.Optional;
import java.util.OptionalDouble;

/**
 * A line of the report.
 *
 * @param group the name of the benchmark to which the row belongs; empty until it is known
 * @param what the subject of the measurement
 * @param peer the subject of the comparison; empty if there is none
 * @param result the numbers; empty if the library's is missing
 * @param missing the reason why the library's number or the peer's is missing; empty if none is
 * @param note a remark about the numbers; may be empty
 */
record Row(
    String group,
    String what,
    String peer,
    Optional<Result> result,
    Optional<Missing> missing,
    String note) {
  /** The peer that is an older build of the library. */
  static final String BASELINE = "baseline";

  /**
   * The numbers of a row.
   *
   * @param unit the unit of both numbers
   * @param ours the number of the library
   * @param theirs the number of the peer; empty if there is no peer or it has none
   * @param spread the uncertainty of a ratio
   * @param kind the comparison
   * @param limit the budget for the result of the comparison; empty if there is none
   */
  record Result(
      Unit unit,
      double ours,
      OptionalDouble theirs,
      OptionalDouble spread,
      Budget.Kind kind,
      OptionalDouble limit) {
    /** Returns the number to which the budget applies; empty if it needs a peer's and has none. */
    OptionalDouble value() {
      if (!kind.compares()) {
        return OptionalDouble.of(ours);
      }
      return theirs.isPresent()
          ? OptionalDouble.of(kind.of(ours, theirs.getAsDouble()))
          : OptionalDouble.empty();
    }

    Optional<Budget> budget() {
      return limit.isPresent()
          ? Optional.of(new Budget(kind, limit.getAsDouble()))
          : Optional.empty();
    }

    /** Returns whether the budget is met; empty if there is none or nothing to compare with. */
    Optional<Boolean> isMet() {
      OptionalDouble value = value();
      return value.isPresent()
          ? budget().map(budget -> budget.isMet(value.getAsDouble()))
          : Optional.empty();
    }
  }

  /** Returns a row that compares medians, with a budget. */
  static Row of(
      String what, Unit unit, Measurement ours, String peer, Measurement theirs, Budget budget) {
    return compare(
        what, unit, ours, peer, theirs, budget.kind(), OptionalDouble.of(budget.limit()));
  }

  /** Returns a row that compares medians, without a budget. */
  static Row of(
      String what, Unit unit, Measurement ours, String peer, Measurement theirs, Budget.Kind kind) {
    return compare(what, unit, ours, peer, theirs, kind, OptionalDouble.empty());
  }

  private static Row compare(
      String what,
      Unit unit,
      Measurement ours,
      String peer,
      Measurement theirs,
      Budget.Kind kind,
      OptionalDouble limit) {
    if (ours.missing().isPresent()) {
      return new Row("", what, peer, Optional.empty(), ours.missing(), "");
    }
    OptionalDouble median = OptionalDouble.empty();
    OptionalDouble spread = OptionalDouble.empty();
    if (theirs.missing().isEmpty()) {
      median = OptionalDouble.of((double) theirs.median());
      spread = switch (kind) {
        case RATIO, SHARE -> ours.spreadOfRatio(theirs);
        case SPEEDUP -> theirs.spreadOfRatio(ours);
        case EXCESS, ABSOLUTE -> OptionalDouble.empty();
      };
    }
    Result result = new Result(unit, ours.median(), median, spread, kind, limit);
    return new Row("", what, peer, Optional.of(result), theirs.missing(), "");
  }

  /** Returns a row with a number of the library alone. */
  static Row of(String what, Unit unit, double ours, double limit, String note) {
    Result result = new Result(
        unit,
        ours,
        OptionalDouble.empty(),
        OptionalDouble.empty(),
        Budget.Kind.ABSOLUTE,
        OptionalDouble.of(limit));
    return new Row("", what, "", Optional.of(result), Optional.empty(), note);
  }

  /** Returns a row that compares two numbers, with a budget. */
  static Row of(String what, Unit unit, double ours, String peer, double theirs, Budget budget) {
    Result result = new Result(
        unit,
        ours,
        OptionalDouble.of(theirs),
        OptionalDouble.empty(),
        budget.kind(),
        OptionalDouble.of(budget.limit()));
    return new Row("", what, peer, Optional.of(result), Optional.empty(), "");
  }

  /** Returns the same row with a remark. */
  Row withNote(String more) {
    return new Row(group, what, peer, result, missing, more);
  }

  /** Returns the same row as a part of a benchmark. */
  Row in(String benchmark) {
    return new Row(benchmark, what, peer, result, missing, note);
  }

  /** Returns a row without numbers. */
  static Row without(String what, String peer, Missing missing) {
    return new Row("", what, peer, Optional.empty(), Optional.of(missing), "");
  }

  /** Returns whether the measurement of the library or of the peer failed. */
  boolean failed() {
    return missing.map(Missing::failed).orElse(false);
  }
}
