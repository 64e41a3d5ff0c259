package dev.procdesc.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Assumptions;

/** Runs shell scripts on a terminal, made by script(1) of util-linux. */
final class ScriptTerminal {
  private ScriptTerminal() {}

  /** Skips the tests of a class where there is no such program. */
  static void require() throws InterruptedException {
    String version;
    try {
      Process script =
          new ProcessBuilder("script", "--version").redirectErrorStream(true).start();
      version = new String(script.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      script.waitFor();
    } catch (IOException e) {
      version = e.toString();
    }
    Assumptions.assumeTrue(
        version.contains("util-linux"), "no script(1) of util-linux: " + version);
  }

  /** Returns the program with arguments as words of a shell. */
  static String quoted(String... arguments) {
    return Pd.command(arguments).stream()
        .map(word -> "'" + word.replace("'", "'\\''") + "'")
        .collect(Collectors.joining(" "));
  }

  /**
   * Starts a shell script on a terminal, with no signal ignored.
   *
   * @param directory a directory for the script
   * @param script the script, in which {@code pd} is the program
   */
  static Pd startShell(Path directory, String script) throws IOException {
    Path file = Files.writeString(
        directory.resolve("command"), "pd() { " + quoted() + " \"$@\"; }\n" + script + "\n");
    return Pd.startInForeground(List.of("script", "-qec", "exec sh " + file, "/dev/null"));
  }
}
