package dev.procdesc.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

final class DurationsTest {
  @ParameterizedTest
  @CsvSource({
    "0, PT0S",
    "5, PT5S",
    "0.25, PT0.25S",
    "500ms, PT0.5S",
    "5s, PT5S",
    "2m, PT2M",
    "1.5h, PT1H30M",
    "1d, PT24H",
    "0.000000001, PT0.000000001S",
    "100000d, PT2400000H"
  })
  void readsUnits(String text, Duration expected) {
    assertEquals(expected, Durations.of(text));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "x", "-1", "+1", "1 s", "1S", "5 min", "1e3", ".5", "5.", "1s1", "inf"})
  void refusesWhatIsNone(String text) {
    assertThrows(TypeConversionException.class, () -> Durations.of(text));
  }

  @ParameterizedTest
  @ValueSource(strings = {"999999999999999999d", "9223372037", "0.0000001ms"})
  void refusesWhatDoesNotFit(String text) {
    assertThrows(TypeConversionException.class, () -> Durations.of(text));
  }
}
