package dev.procdesc.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class MainTest {
  @ParameterizedTest
  @ValueSource(strings = {"--help", "-h", "help"})
  void helpNamesTheCommands(String argument) throws IOException, InterruptedException {
    Pd.Result result = Pd.run(argument);
    assertEquals(0, result.code());
    assertTrue(result.out().contains("\n  run "), result.out());
    assertTrue(result.out().contains("\n  doctor "), result.out());
    assertEquals("", result.err());
  }

  @Test
  void helpOfACommandHasItsOptionsCodesAndExamples() throws IOException, InterruptedException {
    Pd.Result result = Pd.run("help", "run");
    assertEquals(0, result.code());
    assertTrue(result.out().contains("--timeout=TIME"), result.out());
    assertTrue(result.out().contains("\n  124 "), result.out());
    assertTrue(result.out().contains("\n  pd run -- sh -c 'echo hi; exit 3'\n"), result.out());
    assertEquals(result.out(), Pd.run("run", "--help").out());
  }

  @Test
  void helpFitsAScreen() throws IOException, InterruptedException {
    for (String command : new String[] {"run", "watch", "doctor", "sandbox-check"}) {
      Pd.run("help", command)
          .out()
          .lines()
          .forEach(line -> assertTrue(line.length() <= 100, () -> "too long: " + line));
    }
  }

  @Test
  void version() throws IOException, InterruptedException {
    Pd.Result result = Pd.run("--version");
    assertEquals(0, result.code());
    assertTrue(result.out().startsWith("pd (procdesc) "), result.out());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "runn",
        "run",
        "run --no-such-option true",
        "run --timeout soon true",
        "run --timeout 0 true",
        "run --umask 8 true",
        "run --limit nofile true",
        "run --stdin nowhere true",
        "run --output x true",
        "run --detach --timeout 1 true",
        "doctor --no-such-option",
        "sandbox-check",
        "sandbox-check ls"
      })
  void mistakesEndWith64AndOneLine(String line) throws IOException, InterruptedException {
    Pd.Result result = Pd.run(line.isEmpty() ? new String[0] : line.split(" "));
    assertEquals(64, result.code(), result.err());
    assertEquals("", result.out());
    assertTrue(result.err().matches("pd: [^\n]+\\(see: pd[^\n]* --help\\)\n"), result.err());
  }
}
