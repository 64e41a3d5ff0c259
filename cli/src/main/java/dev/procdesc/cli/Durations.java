package dev.procdesc.cli;

import java.math.BigDecimal;
import java.time.DateTimeException;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.TypeConversionException;

/**
 * Reads {@code 500ms}, {@code 5s}, {@code 1.5m}, {@code 1h}, {@code 2d}, or seconds without a unit.
 */
final class Durations {
  private static final Pattern FORMAT =
      Pattern.compile("([0-9]{1,18}(?:\\.[0-9]{1,9})?)(ms|s|m|h|d)?");

  private Durations() {}

  static Duration of(String text) {
    Matcher matcher = FORMAT.matcher(text);
    if (!matcher.matches()) {
      throw new TypeConversionException(
          "'" + text + "' is not a duration: use 500ms, 5s, 2m, 1h, 1d, or a number of seconds");
    }
    String unit = matcher.group(2);
    BigDecimal nanos =
        new BigDecimal(matcher.group(1)).multiply(nanosOf(unit == null ? "s" : unit));
    try {
      return Duration.ofSeconds(0, nanos.longValueExact());
    } catch (ArithmeticException | DateTimeException e) {
      throw new TypeConversionException(
          "'" + text + "' is out of range: at most 292 years, in whole nanoseconds");
    }
  }

  private static BigDecimal nanosOf(String unit) {
    Duration one = switch (unit) {
      case "ms" -> Duration.ofMillis(1);
      case "m" -> Duration.ofMinutes(1);
      case "h" -> Duration.ofHours(1);
      case "d" -> Duration.ofDays(1);
      default -> Duration.ofSeconds(1);
    };
    return BigDecimal.valueOf(one.toNanos());
  }
}
