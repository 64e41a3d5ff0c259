package dev.procdesc.bench;

import java.util.Locale;

/**
 * What was promised.
 *
 * @param kind how the library's result and the peer's make one number
 * @param limit what that number may be at most, or must be at least
 */
record Budget(Kind kind, double limit) {
  /** How two results make a number, and which way is better. */
  enum Kind {
    /** Ours divided by the peer's, the less the better. */
    RATIO("≤ %s ×", "%.2f ×", true),
    /** Ours divided by the peer's, the more the better. */
    SHARE("≥ %s ×", "%.2f ×", false),
    /** The peer's divided by ours, the more the better. */
    SPEEDUP("≥ %s × faster", "%.2f × faster", false),
    /** How much more ours is, in the unit of both. */
    EXCESS("≤ %s more", "%s more", true),
    /** Ours alone, in its unit. */
    ABSOLUTE("≤ %s", "%s", true);

    private final String limit;
    private final String value;
    private final boolean atMost;

    Kind(String limit, String value, boolean atMost) {
      this.limit = limit;
      this.value = value;
      this.atMost = atMost;
    }

    /** The number. */
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

    /** Whether it needs a peer. */
    boolean compares() {
      return this != ABSOLUTE;
    }

    /** The number as text. */
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
