package dev.procdesc.bench;

import java.util.Optional;
import java.util.OptionalDouble;

/**
 * A line of the report.
 *
 * @param what the subject of the measurement
 * @param peer the subject of the comparison; empty if there is none
 * @param result the numbers; empty if there are none
 * @param note the reason for absent numbers, or a remark about them; may be empty
 * @param failed true if there are no numbers because the benchmark failed
 */
record Row(String what, String peer, Optional<Result> result, String note, boolean failed) {
  /**
   * The numbers of a row.
   *
   * @param unit the unit of both numbers
   * @param ours the number of the library
   * @param theirs the number of the peer; not used if there is none
   * @param spread the uncertainty of a ratio
   * @param kind the comparison
   * @param limit the budget for the result of the comparison; empty if there is none
   */
  record Result(
      Unit unit,
      double ours,
      double theirs,
      OptionalDouble spread,
      Budget.Kind kind,
      OptionalDouble limit) {
    /** Returns the number to which the budget applies. */
    double value() {
      return kind.of(ours, theirs);
    }

    Optional<Budget> budget() {
      return limit.isPresent()
          ? Optional.of(new Budget(kind, limit.getAsDouble()))
          : Optional.empty();
    }

    /** Returns whether the budget is met; empty if there is none. */
    Optional<Boolean> isMet() {
      return budget().map(budget -> budget.isMet(value()));
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
    OptionalDouble spread = switch (kind) {
      case RATIO, SHARE -> ours.spreadOfRatio(theirs);
      case SPEEDUP -> theirs.spreadOfRatio(ours);
      case EXCESS, ABSOLUTE -> OptionalDouble.empty();
    };
    return new Row(
        what,
        peer,
        Optional.of(new Result(unit, ours.median(), theirs.median(), spread, kind, limit)),
        "",
        false);
  }

  /** Returns a row with a number of the library alone. */
  static Row of(String what, Unit unit, double ours, double limit, String note) {
    return new Row(
        what,
        "",
        Optional.of(new Result(
            unit, ours, 0, OptionalDouble.empty(), Budget.Kind.ABSOLUTE, OptionalDouble.of(limit))),
        note,
        false);
  }

  /** Returns the same row with a remark. */
  Row withNote(String more) {
    return new Row(what, peer, result, more, failed);
  }

  /** Returns a row without numbers, because the measurement does not apply to this machine. */
  static Row absent(String what, String peer, String why) {
    return new Row(what, peer, Optional.empty(), why, false);
  }

  /** Returns a row without numbers, because the benchmark failed. */
  static Row failed(String what, String why) {
    return new Row(what, "", Optional.empty(), why, true);
  }
}
