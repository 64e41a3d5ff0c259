package dev.procdesc.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.procdesc.testing.Await;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** In a terminal, made by script(1). */
final class PtyTest {
  private static final String INTERRUPT = "\3";

  @TempDir
  private Path directory = Path.of("");

  @BeforeAll
  static void needsScript() throws InterruptedException {
    ScriptTerminal.require();
  }

  private Pd start(String... arguments) throws IOException {
    return ScriptTerminal.startShell(directory, "exec " + ScriptTerminal.quoted(arguments));
  }

  @Test
  void theCommandHasTheTerminal() throws IOException, InterruptedException {
    try (Pd pd = start("run", "sh", "-c", "test -t 0 && test -t 1 && test -t 2 && exit 5")) {
      assertEquals(5, pd.end().code());
    }
  }

  @Test
  void anInterruptReachesTheCommandOnceAndPdWaits() throws IOException, InterruptedException {
    // Ready when a signal has come through pd.
    String counter = "n=0; trap 'n=$((n+1)); echo int $n' INT; trap 'echo ready' USR1;"
        + " kill -USR1 $PPID; until [ $n -gt 0 ]; do :; done;"
        + " until read -r line; do :; done; echo end $n; exit $((10+n))";
    try (Pd pd = start("run", "sh", "-c", counter)) {
      pd.await("ready");
      pd.type(INTERRUPT);
      pd.await("int 1");
      pd.type("go\n");
      pd.await("end 1");
      assertEquals(11, pd.end().code());
    }
  }

  @Test
  void anInterruptEndsBoth() throws IOException, InterruptedException {
    try (Pd pd = start("run", "sh", "-c", "echo ready; exec cat")) {
      pd.await("ready");
      pd.type(INTERRUPT);
      assertEquals(130, pd.end().code());
    }
  }

  @Test
  void anotherSessionGetsInterruptsThroughPd() throws IOException, InterruptedException {
    String listener = "trap 'exit 42' INT; echo ready; while :; do :; done";
    try (Pd pd = start("run", "--session", "sh", "-c", listener)) {
      pd.await("ready");
      pd.type(INTERRUPT);
      assertEquals(42, pd.end().code());
    }
  }

  @Test
  void anInterruptToPdAloneReachesTheCommandOnce() throws IOException, InterruptedException {
    try (Pd pd = start("run", "sh", "-c", SignalScript.REPORTER)) {
      SignalScript.awaitReady(pd);
      long pid = SignalScript.pd(pd);
      SignalScript.kill("INT", pid);
      // A JVM handles each signal in a separate thread, so only this keeps the order.
      assertEquals(List.of("INT"), pd.awaitAll("INT"));
      SignalScript.kill("USR2", pid);
      assertEquals(List.of("USR2"), pd.awaitAll("USR2"));
    }
  }

  /** The kernel signals the foreground group, and the session's leader, which is pd here. */
  @Test
  void aTerminalThatIsClosedHangsUpOnce() throws IOException, InterruptedException {
    Path reports = directory.resolve("reports");
    try (Pd script =
        start("run", "--stdout", "file:" + reports, "sh", "-c", SignalScript.REPORTER)) {
      Await.until("the command is ready", () -> SignalScript.lines(reports).contains("ready"));
      long pid = SignalScript.pd(script);
      SignalScript.kill("USR1", pid);
      Await.until("pd forwards", () -> SignalScript.lines(reports).contains("USR1"));
      script.signal("KILL");
      Await.until("the command hung up", () -> SignalScript.lines(reports).contains("HUP"));
      SignalScript.kill("USR2", pid);
      Await.until("the command ends", () -> SignalScript.lines(reports).contains("USR2"));
      // Linux continues the processes too.
      List<String> lines = new ArrayList<>(SignalScript.lines(reports));
      lines.remove("CONT");
      assertEquals(List.of("ready", "USR1", "HUP", "USR2"), lines);
    }
  }

  /** Starts a shell on a terminal that runs pd as a job, and executes the lines that are typed. */
  private Pd startJob() throws IOException {
    String job = ScriptTerminal.quoted("run", "sh", "-c", SignalScript.REPORTER);
    Path script = Files.writeString(
        directory.resolve("script"),
        "stty -echo\nset -m\n" + job + " &\nwhile read -r line; do eval \"$line\"; done\n");
    return Pd.startInForeground(List.of("script", "-qec", "exec bash " + script, "/dev/null"));
  }

  /** Sends a signal as soon as the command is ready, while pd may still create it. */
  @ParameterizedTest
  @ValueSource(strings = {"TERM", "HUP", "USR1"})
  void aSignalToAJobReachesTheCommandOnce(String signal) throws IOException, InterruptedException {
    try (Pd pd = startJob()) {
      pd.await("ready");
      pd.type("kill -" + signal + " %1\n");
      assertEquals(List.of(signal), pd.awaitAll(signal));
      SignalScript.kill("USR2", SignalScript.pd(pd));
      assertEquals(List.of("USR2"), pd.awaitAll("USR2"));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"TERM", "HUP"})
  void aSignalToPdAloneAfterOneToTheJobArrives(String signal)
      throws IOException, InterruptedException {
    try (Pd pd = startJob()) {
      SignalScript.awaitReady(pd);
      long pid = SignalScript.pd(pd);
      SignalScript.kill(signal, -pid);
      assertEquals(List.of(signal), pd.awaitAll(signal));
      awaitTaken(pid);
      SignalScript.kill(signal, pid);
      assertEquals(List.of(signal), pd.awaitAll(signal));
      SignalScript.kill("USR2", SignalScript.pd(pd));
      assertEquals(List.of("USR2"), pd.awaitAll("USR2"));
    }
  }

  /** Waits until a process has taken its signals: a second one that comes before is lost. */
  private static void awaitTaken(long pid) {
    Path status = Path.of("/proc/" + pid + "/status");
    Await.until(
        "the signal is taken",
        () -> SignalScript.lines(status).stream()
            .noneMatch(line -> line.matches("(Sig|Shd)Pnd:.*[1-9a-f].*")));
  }

  @Test
  void anotherSignalWaitsForTheCommand() throws IOException, InterruptedException {
    try (Pd pd = startAtFifo()) {
      SignalScript.kill("USR1", SignalScript.pd(pd));
      try (OutputStream writer = Files.newOutputStream(directory.resolve("fifo"))) {
        writer.flush(); // Open, so that cat does not end before the signal comes.
        assertEquals(138, pd.end().code());
      }
    }
  }

  /** A stop of the job from the keyboard stops all of it; afterwards signals still come once. */
  @Test
  void aJobThatWasStoppedContinues() throws IOException, InterruptedException {
    String job = ScriptTerminal.quoted("run", "sh", "-c", SignalScript.REPORTER);
    Path script = Files.writeString(
        directory.resolve("script"),
        "set -m\n" + job + "\necho stopped $?\nfg >/dev/null\necho ended $?\n");
    try (Pd pd =
        Pd.startInForeground(List.of("script", "-qec", "exec bash " + script, "/dev/null"))) {
      SignalScript.awaitReady(pd);
      pd.type("\32");
      pd.await("stopped 148");
      assertEquals(List.of("CONT"), pd.awaitAll("CONT"));
      pd.type(INTERRUPT);
      assertEquals(List.of("INT"), pd.awaitAll("INT"));
      SignalScript.kill("TERM", SignalScript.pd(pd));
      assertEquals(List.of("TERM"), pd.awaitAll("TERM"));
      SignalScript.kill("USR2", SignalScript.pd(pd));
      assertEquals(List.of("USR2"), pd.awaitAll("USR2"));
      pd.await("ended 0");
    }
  }

  /** Starts a shell on a terminal that runs pd as a job, and waits until pd waits for a FIFO. */
  private Pd startAtFifo(String... arguments) throws IOException, InterruptedException {
    Pd pd = startWithFifo(arguments);
    Await.until("pd waits for the FIFO", () -> isOpening(pd));
    return pd;
  }

  /** Starts a shell on a terminal that runs pd as a job, whose command needs a FIFO. */
  private Pd startWithFifo(String... arguments) throws IOException, InterruptedException {
    Path fifo = directory.resolve("fifo");
    if (!Files.exists(fifo)) {
      assertEquals(0, new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor());
    }
    List<String> all = new ArrayList<>(List.of("run", "--stdin", "file:" + fifo));
    all.addAll(List.of(arguments));
    all.addAll(List.of("cat"));
    return start(all.toArray(String[]::new));
  }

  /** Returns whether a thread of the JVM waits for the other end of a FIFO. */
  static boolean isOpening(Pd pd) {
    try (Stream<Path> threads = Files.list(Path.of("/proc/" + SignalScript.pd(pd), "task"))) {
      return threads.anyMatch(
          thread -> SignalScript.lines(thread.resolve("comm")).contains("procdesc-fifo"));
    } catch (IOException | RuntimeException e) {
      return false;
    }
  }

  @Test
  void anInterruptEndsTheWaitForAFifo() throws IOException, InterruptedException {
    try (Pd pd = startAtFifo()) {
      pd.type(INTERRUPT);
      assertEquals(130, pd.end().code());
    }
  }

  @ParameterizedTest
  @CsvSource({"HUP, 129", "INT, 130", "TERM, 143"})
  void aSignalEndsTheWaitForAFifo(String signal, int code)
      throws IOException, InterruptedException {
    for (String detach : List.of("--usage", "--detach")) {
      try (Pd pd = startAtFifo(detach)) {
        SignalScript.kill(signal, SignalScript.pd(pd));
        assertEquals(code, pd.end().code(), detach);
      }
    }
  }

  @Test
  void aTimeoutEndsTheWaitForAFifo() throws IOException, InterruptedException {
    // It may be over before a look at the threads of pd shows that it waits.
    try (Pd pd = startWithFifo("--timeout", "200ms")) {
      assertEquals(124, pd.end().code());
    }
  }

  @Test
  void quitEndsTheCommand() throws IOException, InterruptedException {
    try (Pd pd = start("run", "sh", "-c", "ulimit -c 0; echo ready; exec cat")) {
      pd.await("ready");
      pd.type("\34");
      assertEquals(131, pd.end().code());
    }
  }
}
