package dev.procdesc.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the script pd on a terminal, made by script(1). */
final class LaunchTest {
  @TempDir
  private static Path directory = Path.of("");

  @BeforeAll
  static void installPd() throws IOException, InterruptedException {
    ScriptTerminal.require();
    InstalledPd.copyTo(directory);
  }

  /** Starts a shell script on a terminal; {@code pd} in it is the script pd. */
  private static Pd start(String script) throws IOException {
    InstalledPd pd = new InstalledPd(directory);
    Path file = Files.writeString(
        directory.resolve("command"),
        "pd() { JAVA_HOME=" + InstalledPd.quoted(pd.javaHome()) + " "
            + InstalledPd.quoted(pd.script().toString()) + " \"$@\"; }\n" + script + "\n");
    return Pd.startInForeground(List.of("script", "-qec", "exec sh " + file, "/dev/null"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "export PD_JAVA_OPTS=-XX:+NoSuchOption",
        "export PD_JAVA_OPTS=-Xmx1k",
        "ulimit -v 1000000",
        "d=$(mktemp -d); cd \"$d\"; rmdir \"$d\""
      })
  void aJvmThatCannotStartIs125(String before) throws IOException, InterruptedException {
    try (Pd pd = start(before + "; pd run -- true; echo status $?")) {
      pd.await("pd: the Java virtual machine");
      pd.await("status 125");
      assertEquals(0, pd.end().code());
    }
  }

  @Test
  void whatTheParentIgnoresIsIgnored() throws IOException, InterruptedException {
    String signals = "HUP INT QUIT TERM PIPE XFSZ USR1 USR2 TSTP TTIN TTOU";
    try (Pd pd = start("trap '' " + signals + "; pd run -- sh -c 'for s in " + signals
        + "; do kill -s $s $$; done; echo alive'; echo status $?")) {
      pd.await("alive");
      pd.await("status 0");
      assertEquals(0, pd.end().code());
    }
  }

  /** The library for JSON is absent here, which is an error that no command expects. */
  @Test
  void anErrorOfTheJvmIs125() throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(Pd.command("doctor", "--json"));
    int at = command.indexOf("-cp") + 1;
    command.set(
        at,
        Arrays.stream(command.get(at).split(File.pathSeparator, -1))
            .filter(entry -> !entry.contains("gson"))
            .collect(Collectors.joining(File.pathSeparator)));
    try (Pd pd = Pd.start(new ProcessBuilder(command))) {
      Pd.Result result = pd.end();
      assertEquals(ExitCodes.FAILED, result.code(), result.toString());
      assertTrue(result.err().matches("pd: [^\n]*NoClassDefFoundError[^\n]*\n"), result.toString());
    }
  }
}
