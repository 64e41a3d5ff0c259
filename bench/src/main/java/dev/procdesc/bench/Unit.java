package dev.procdesc.bench;

import java.util.Locale;

/** A unit, and its notation for people. */
enum Unit {
  /** Time, in nanoseconds. */
  NANOSECONDS,
  /** Memory, in bytes. */
  BYTES,
  /** Throughput, in bytes per second. */
  BYTES_PER_SECOND,
  /** A number of objects. */
  COUNT;

  /** Formats a number with its unit, in about three digits. */
  String format(double amount) {
    return switch (this) {
      case NANOSECONDS -> scaled(amount, 1000, "ns", "µs", "ms", "s");
      case BYTES -> scaled(amount, 1024, "B", "KiB", "MiB", "GiB");
      case BYTES_PER_SECOND -> scaled(amount, 1000, "B/s", "kB/s", "MB/s", "GB/s");
      case COUNT -> digits(amount);
    };
  }

  private static String scaled(double amount, int step, String... units) {
    double scaled = amount;
    int unit = 0;
    while (Math.abs(scaled) >= step && unit < units.length - 1) {
      scaled /= step;
      unit++;
    }
    return digits(scaled) + " " + units[unit];
  }

  private static String digits(double number) {
    if (number == Math.rint(number) && Math.abs(number) < 1e9) {
      return String.valueOf((long) number);
    }
    int decimals = Math.abs(number) >= 100 ? 0 : Math.abs(number) >= 10 ? 1 : 2;
    return String.format(Locale.ROOT, "%." + decimals + "f", number);
  }
}
