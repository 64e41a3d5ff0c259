package dev.procdesc.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus;
import dev.procdesc.Feature;
import dev.procdesc.Platform;
import dev.procdesc.Signal;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the signals that pd receives. */
final class SignalTest {
  /** Ends with 42 at the signal $0; it does not read, as {@link SignalScript#REPORTER}. */
  private static final String LISTENER = "trap 'exit 42' $0; echo ready; while :; do :; done";

  @ParameterizedTest
  @ValueSource(strings = {"TERM", "USR1", "USR2"})
  void handsOn(String signal) throws IOException, InterruptedException {
    try (Pd pd = Pd.start("run", "sh", "-c", LISTENER, signal)) {
      pd.await("ready");
      pd.signal(signal);
      assertEquals(new Pd.Result(42, "", ""), pd.end());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"XFSZ", "PWR", "16"})
  void handsOnWhatLinuxHas(String signal) throws IOException, InterruptedException {
    Assumptions.assumeTrue(Platform.current().system().startsWith("Linux"), "not Linux");
    handsOn(signal);
  }

  /** Passes with and without a terminal. */
  @Test
  void handsOnInterruptToAnotherSession() throws IOException, InterruptedException {
    List<String> command = Pd.command("run", "--session", "sh", "-c", LISTENER, "INT");
    try (Pd pd = Pd.startInForeground(command)) {
      pd.await("ready");
      pd.signal("INT");
      assertEquals(new Pd.Result(42, "", ""), pd.end());
    }
  }

  @Test
  void diesOfInterruptIfTheCommandDid() throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(Pd.command("run", "--session"));
    command.addAll(List.of("sh", "-c", "echo ready; exec cat"));
    try (ChildProcess pd =
        Spawner.of(command).stdin(Stdio.pipe()).stdout(Stdio.pipe()).spawn()) {
      byte[] ready = pd.stdout().readNBytes("ready\n".length());
      assertEquals("ready\n", new String(ready, StandardCharsets.UTF_8));
      pd.signal(Signal.INT);
      assertEquals(
          new ExitStatus.Signaled(Signal.INT, false),
          pd.waitFor(Duration.ofSeconds(Pd.LIMIT_SECONDS)).orElseThrow());
    }
  }

  /** The JVM answers QUIT with a thread dump, and nobody can take that away from it. */
  @Test
  void quitLeavesStandardOutputAlone() throws IOException, InterruptedException {
    try (Pd pd = Pd.start("run", "cat")) {
      pd.type("ready\n");
      pd.await("ready");
      pd.signal("QUIT");
      pd.stdin().close();
      Pd.Result result = pd.end();
      assertEquals(0, result.code());
      assertEquals("", result.out());
    }
  }

  @Test
  void whatIsIgnoredStaysIgnored() throws IOException, InterruptedException {
    Assumptions.assumeTrue(
        Platform.current().has(Feature.CHILD_SETUP), "lacks " + Feature.CHILD_SETUP);
    List<String> command = new ArrayList<>(List.of("sh", "-c", "trap '' HUP; exec \"$@\"", "sh"));
    command.addAll(Pd.command("run", "sh", "-c", "kill -HUP $$; echo alive"));
    try (Pd pd = Pd.start(new ProcessBuilder(command))) {
      assertEquals(new Pd.Result(0, "alive\n", ""), pd.end());
    }
  }

  /**
   * The launcher finds out that QUIT, PIPE, XFSZ and USR2 are ignored, and its test is in ci/tests.
   */
  @Test
  void everySignalThatIsIgnoredStaysIgnored() throws IOException, InterruptedException {
    Assumptions.assumeTrue(
        Platform.current().has(Feature.CHILD_SETUP), "lacks " + Feature.CHILD_SETUP);
    String signals = "HUP INT QUIT TRAP ABRT USR1 USR2 PIPE ALRM TERM TSTP TTIN TTOU URG XCPU XFSZ"
        + " VTALRM PROF WINCH IO SYS";
    List<String> command =
        new ArrayList<>(List.of("sh", "-c", "trap '' " + signals + " CHLD; exec \"$@\"", "sh"));
    List<String> java = Pd.command(
        "run",
        "sh",
        "-c",
        "for s in CHLD " + signals + "; do trap \"echo $s\" $s; kill -$s $$; done");
    java.add(1, "-Dpd.ignored=QUIT,PIPE,XFSZ,USR2");
    command.addAll(java);
    try (Pd pd = Pd.start(new ProcessBuilder(command))) {
      assertEquals(new Pd.Result(0, "CHLD\n", ""), pd.end());
    }
  }
}
