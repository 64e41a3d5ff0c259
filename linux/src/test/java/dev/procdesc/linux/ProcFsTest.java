package dev.procdesc.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tests the reader of {@code /proc/PID/stat}. */
final class ProcFsTest {
  /** The name of a program may look like the fields that follow it. */
  @ParameterizedTest
  @CsvSource({
    "S, 1, false",
    "Z, 1, true",
    "Z, 0, true",
    "Z, 2, false", // The first thread has ended, and another one runs.
    "X, 0, true",
  })
  void recognizesZombies(String state, int threads, boolean zombie) {
    String line =
        "7 (a) Z 1 9 9 ) " + state + " 3 5 5 0 -1 4 0 0 0 0 0 0 0 0 20 0 " + threads + " 0";
    assertEquals(new ProcFs.Stat(5, zombie), ProcFs.Stat.parse(line));
  }
}
