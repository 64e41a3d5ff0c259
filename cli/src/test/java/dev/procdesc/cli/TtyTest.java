package dev.procdesc.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests {@code pd run --tty}. */
final class TtyTest {
  /** The tests in which pd has no terminal. */
  @Nested
  final class WithoutTerminal {
    @Test
    void theCommandHasATerminal() throws IOException, InterruptedException {
      String script = "test -t 0 && test -t 1 && test -t 2 && stty size && exit 5";
      assertEquals(
          new Pd.Result(5, "24 80\n", ""),
          withoutReturns(Pd.run("run", "--tty", "sh", "-c", script)));
    }

    @Test
    void theInputIsTypedToItsEnd() throws IOException, InterruptedException {
      try (Pd pd = Pd.start("run", "--tty", "sh", "-c", "stty -echo; echo ready; cat")) {
        pd.await("ready");
        pd.type("one\ntwo");
        pd.stdin().close();
        assertEquals(new Pd.Result(0, "one\ntwo\n", ""), withoutReturns(pd.end()));
      }
    }

    @Test
    void allOfALongOutputArrives() throws IOException, InterruptedException {
      String script = "i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i + 1)); done";
      Pd.Result result = Pd.run("run", "--tty", "sh", "-c", script);
      List<String> lines = result.out().lines().toList();
      assertEquals(20_000, lines.size());
      assertEquals("line 19999", lines.get(19_999).strip());
    }

    @Test
    void aSignalToPdReachesTheCommand() throws IOException, InterruptedException {
      try (Pd pd = Pd.start(
          "run",
          "--tty",
          "sh",
          "-c",
          "trap 'echo term; exit 9' TERM; echo ready; while :; do :; done")) {
        pd.await("ready");
        pd.signal("TERM");
        assertEquals(new Pd.Result(9, "term\n", ""), withoutReturns(pd.end()));
      }
    }

    @Test
    void aProcessThatStaysDoesNotDelayTheEnd() throws IOException, InterruptedException {
      Pd.Result result =
          Pd.run("run", "--tty", "sh", "-c", "(trap '' HUP; sleep 30) & echo hi; exit 4");
      assertEquals(new Pd.Result(4, "hi\n", ""), withoutReturns(result));
    }

    @Test
    void aDescriptorIsRedirected(@TempDir Path directory) throws IOException, InterruptedException {
      Path file = directory.resolve("file");
      Pd.Result result = Pd.run(
          "run", "--tty", "--stdout", "file:" + file, "sh", "-c", "test ! -t 1 && echo err >&2");
      assertEquals(new Pd.Result(0, "err\n", ""), withoutReturns(result));
    }

    @Test
    void aMissingCommandIs127() throws IOException, InterruptedException {
      assertEquals(127, Pd.run("run", "--tty", "no-such-command").code());
    }

    @Test
    void optionsThatExcludeItAreRefused() throws IOException, InterruptedException {
      Pd.Result detached = Pd.run("run", "--tty", "--detach", "true");
      assertEquals(64, detached.code());
      assertTrue(detached.err().contains("--tty excludes --detach"), detached.err());
      assertEquals(
          64,
          Pd.run("run", "--tty", "--stdin=null", "--stdout=null", "--stderr=null", "true")
              .code());
    }

    /** Returns a result whose lines end as those of a file. */
    private Pd.Result withoutReturns(Pd.Result result) {
      return new Pd.Result(result.code(), result.out().replace("\r", ""), result.err());
    }
  }

  /** On a terminal, made by script(1). */
  @Nested
  final class OnATerminal {
    @TempDir
    private Path directory = Path.of("");

    private static final String INTERRUPT = "\3";

    @BeforeAll
    static void needsScript() throws InterruptedException {
      ScriptTerminal.require();
    }

    /** Starts a shell script on a terminal; {@code pd} in it is the program. */
    private Pd start(String script) throws IOException {
      return ScriptTerminal.startShell(directory, script);
    }

    @Test
    void theCommandHasAnotherTerminalWithTheSameSizeAndModes()
        throws IOException, InterruptedException {
      try (Pd pd = start("stty rows 33 cols 111 erase '^X' -echo; tty;"
          + " pd run --tty sh -c 'tty; stty size; stty -a | grep -o \"erase = [^;]*\"'")) {
        String own = pd.awaitMatch("/dev/.*");
        String other = pd.awaitMatch("/dev/.*");
        assertTrue(!own.equals(other), own);
        pd.await("33 111");
        pd.await("erase = ^X");
        assertEquals(0, pd.end().code());
      }
    }

    @Test
    void theModesAreRawMeanwhileAndRestored() throws IOException, InterruptedException {
      String script = "tty; before=$(stty -g); pd run --tty sh -c 'echo ready; read x; exit 3';"
          + " echo status $?; test \"$before\" = \"$(stty -g)\" && echo restored";
      try (Pd pd = start(script)) {
        String terminal = pd.awaitMatch("/dev/.*");
        pd.await("ready");
        Process stty = new ProcessBuilder("stty", "-F", terminal, "-a").start();
        String modes = new String(stty.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(modes.contains("-isig") && modes.contains("-icanon"), modes);
        assertTrue(modes.contains("-echo "), modes);
        pd.type("\n");
        pd.await("status 3");
        pd.await("restored");
        assertEquals(0, pd.end().code());
      }
    }

    @Test
    void theModesAreRestoredAfterASignal() throws IOException, InterruptedException {
      String script = "before=$(stty -g); pd run --tty sh -c 'echo ready; exec cat';"
          + " echo status $?; test \"$before\" = \"$(stty -g)\" && echo restored";
      try (Pd pd = start(script)) {
        pd.await("ready");
        SignalScript.kill("TERM", SignalScript.pd(pd));
        pd.await("status 143");
        pd.await("restored");
        assertEquals(0, pd.end().code());
      }
    }

    @Test
    void keysAreThoseOfTheCommand() throws IOException, InterruptedException {
      String script = "pd run --tty sh -c '"
          + "trap \"echo int; exit 6\" INT; echo ready; while :; do :; done';"
          + " echo status $?";
      try (Pd pd = start(script)) {
        pd.await("ready");
        pd.type(INTERRUPT);
        pd.await("int");
        pd.await("status 6");
        assertEquals(0, pd.end().code());
      }
    }

    @Test
    void theEndOfFileIsTyped() throws IOException, InterruptedException {
      try (Pd pd = start("pd run --tty sh -c 'echo ready; cat; echo end'")) {
        pd.await("ready");
        pd.type("\4");
        pd.await("end");
        assertEquals(0, pd.end().code());
      }
    }

    @Test
    void aResizeIsPassedOn() throws IOException, InterruptedException {
      String script = "tty; pd run --tty sh -c '"
          + "trap \"s=\\$(stty size); echo \\$s\" WINCH; echo ready;"
          + " until [ \"$s\" = \"17 71\" ]; do :; done; until read -r x; do :; done'";
      try (Pd pd = start(script)) {
        String terminal = pd.awaitMatch("/dev/.*");
        pd.await("ready");
        new ProcessBuilder("stty", "-F", terminal, "rows", "17", "cols", "71")
            .inheritIO()
            .start()
            .waitFor();
        pd.await("17 71");
        pd.type("\n");
        assertEquals(0, pd.end().code());
      }
    }
  }
}
