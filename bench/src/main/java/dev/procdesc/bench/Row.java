package dev.procdesc.bench;

import java.util.Optional;
import java.util.OptionalDouble;

/**
 * A line of the report.
 *
 * @param what what was measured
 * @param peer what it is compared with; empty if with nothing
 * @param result the numbers; empty if there are none
 * @param note why there are none, or what to know about them; may be empty
 * @param failed whether there are none because something went wrong
 */
record Row(String what, String peer, Optional<Result> result, String note, boolean failed) {
  /**
   * The numbers of a row.
   *
   * @param unit of ours and the peer's
   * @param ours the library's
   * @param theirs the peer's; not used if there is none
   * @param spread what a ratio may be off by
   * @param kind how they are compared
   * @param limit of that comparison; empty if nothing was promised
   */
  record Result(
      Unit unit,
      double ours,
      double theirs,
      OptionalDouble spread,
      Budget.Kind kind,
      OptionalDouble limit) {
    /** The number that the budget is about. */
    double value() {
      return kind.of(ours, theirs);
    }

    Optional<Budget> budget() {
      return limit.isPresent()
          ? Optional.of(new Budget(kind, limit.getAsDouble()))
          : Optional.empty();
    }

    /** Whether the budget is met; empty if there is none. */
    Optional<Boolean> isMet() {
      return budget().map(budget -> budget.isMet(value()));
    }
  }

  /** Medians compared, with a budget. */
  static Row of(
      String what, Unit unit, Measurement ours, String peer, Measurement theirs, Budget budget) {
    return compare(
        what, unit, ours, peer, theirs, budget.kind(), OptionalDouble.of(budget.limit()));
  }

  /** Medians compared, where nothing was promised. */
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

  /** A number by itself. */
  static Row of(String what, Unit unit, double ours, double limit, String note) {
    return new Row(
        what,
        "",
        Optional.of(new Result(
            unit, ours, 0, OptionalDouble.empty(), Budget.Kind.ABSOLUTE, OptionalDouble.of(limit))),
        note,
        false);
  }

  /** The same row, with something to know about it. */
  Row withNote(String more) {
    return new Row(what, peer, result, more, failed);
  }

  /** Nothing was measured, for a good reason. */
  static Row absent(String what, String peer, String why) {
    return new Row(what, peer, Optional.empty(), why, false);
  }

  /** Nothing was measured, because something went wrong. */
  static Row failed(String what, String why) {
    return new Row(what, "", Optional.empty(), why, true);
  }
}
