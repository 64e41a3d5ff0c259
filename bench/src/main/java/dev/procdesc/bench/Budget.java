package dev.procdesc.bench;

import java.util.Locale;

/**
 * A performance goal of the library.
 *
 * @param kind the comparison of the library's result with the peer's
 * @param limit the maximum of that number, or its minimum, depending on the kind
 */
record Budget(Kind kind, double limit) {
  /** A comparison of two results, and the direction that is better. */
  enum Kind {
    /** The library's result divided by the peer's; less is better. */
    RATIO("≤ %s ×", "%.2f ×", true),
    /** The library's result divided by the peer's; more is better. */
    SHARE("≥ %s ×", "%.2f ×", false),
    /** The peer's result divided by the library's; more is better. */
    SPEEDUP("≥ %s × faster", "%.2f × faster", false),
    /**
     * The difference between the library's result and the peer's, in their unit; less is better.
     */
    EXCESS("≤ %s more", "%s more", true),
    /** The library's result alone, in its unit; less is better. */
    ABSOLUTE("≤ %s", "%s", true);

    private final String limit;
    private final String value;
    private final boolean atMost;

    Kind(String limit, String value, boolean atMost) {
      this.limit = limit;
      this.value = value;
      this.atMost = atMost;
    }

    /** Returns the number that compares two results. */
    double of(double ours, double theirs) {
      return switch (this) {
        case RATIO, SHARE -> ours / theirs;
        case SPEEDUP -> theirs / ours;
        case EXCESS -> ours - theirs;
        case ABSOLUTE -> ours;
      };
    }

    boolean hasUnit() {
      return this == EXCESS || this == ABSOLUTE;
    }

    /** Returns whether this comparison needs a peer. */
    boolean compares() {
      return this != ABSOLUTE;
    }

    /** Returns the number as text. */
    String describe(double number, Unit unit) {
      return hasUnit()
          ? String.format(Locale.ROOT, value, unit.format(number))
          : String.format(Locale.ROOT, value, number);
    }
  }

  boolean isMet(double number) {
    return kind.atMost ? number <= limit : number >= limit;
  }

  String describe(Unit unit) {
    return String.format(
        Locale.ROOT, kind.limit, (kind.hasUnit() ? unit : Unit.COUNT).format(limit));
  }
}
