package dev.procdesc.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.procdesc.Spawner;
import dev.procdesc.testing.Await;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests pd as PID 1 of a PID namespace, as in a container, beside tini and dumb-init. */
final class InitTest {
  /** The script pd, in a directory whose Java runs the classes of this test. */
  private static final String PD = "pd run --";

  private static final String TINI = "tini --";

  /** Without a separate session for the command, to which it would send all signals. */
  private static final String DUMB_INIT = "dumb-init --single-child --";

  /** The form without options: the command leads a session, to which it sends all signals. */
  private static final String DUMB_INIT_IN_SESSION = "dumb-init --";

  private static final String UNSHARE =
      "exec unshare $([ \"$(id -u)\" = 0 ] || echo -Ur) --pid --fork --kill-child --mount-proc \"$@\"";

  private static final List<String> SIGNALS = List.of(
      "HUP", "INT", "QUIT", "TERM", "USR1", "ALRM", "VTALRM", "PROF", "IO", "URG", "XCPU", "XFSZ",
      "WINCH", "CONT", "TSTP", "PWR", "PIPE");

  /** STKFLT, whose name some shells do not know, and real-time signals. */
  private static final List<String> NUMBERS = List.of("16", "34", "49", "64");

  private static final String REPORTER = "for s in "
      + String.join(" ", SIGNALS)
      + " "
      + String.join(" ", NUMBERS)
      + "; do trap \"echo $s\" $s; done; trap 'echo USR2; exit 7' USR2; echo ready;"
      + " while :; do :; done";

  @TempDir
  private static Path directory = Path.of("");

  @BeforeAll
  static void installPd() throws IOException, InterruptedException {
    Process namespace = new ProcessBuilder("sh", "-c", UNSHARE, "sh", "true")
        .redirectErrorStream(true)
        .start();
    String problem = new String(namespace.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    Assumptions.assumeTrue(namespace.waitFor() == 0, "no PID namespace: " + problem);
    InstalledPd.copyTo(directory);
  }

  /** Returns the command line of an init as PID 1, without the command that it runs. */
  private static List<String> command(String init) throws IOException, InterruptedException {
    List<String> words = new ArrayList<>(List.of(init.split(" ", -1)));
    if (words.get(0).equals("pd")) {
      words.set(0, new InstalledPd(directory).script().toString());
    } else {
      Process version = new ProcessBuilder("sh", "-c", "command -v " + words.get(0)).start();
      Assumptions.assumeTrue(version.waitFor() == 0, words.get(0) + " is not installed");
    }
    List<String> command = new ArrayList<>(List.of(
        "env", "JAVA_HOME=" + new InstalledPd(directory).javaHome(), "sh", "-c", UNSHARE, "sh"));
    command.addAll(words);
    return command;
  }

  /** Returns the command line of an init that runs a shell script as PID 1's child. */
  private static List<String> command(String init, String script)
      throws IOException, InterruptedException {
    List<String> command = command(init);
    command.addAll(List.of("sh", "-c", script));
    return command;
  }

  private static Pd start(String init, String script) throws IOException, InterruptedException {
    return Pd.startInForeground(command(init, script));
  }

  /** Returns the process ID of PID 1, as it is outside its namespace. */
  private static long init(Pd pd) {
    try (Stream<ProcessHandle> all =
        Stream.concat(Stream.of(pd.handle()), pd.handle().descendants())) {
      return all.filter(process -> process.info().command().orElse("").endsWith("/unshare"))
          .flatMap(ProcessHandle::children)
          .findFirst()
          .orElseThrow()
          .pid();
    }
  }

  @ParameterizedTest
  @CsvSource({"exit 3, 3", "kill -TERM $$, 143", "kill -INT $$, 130", "kill -KILL $$, 137"})
  void exitsWithTheStatusOfTheCommand(String script, int status) throws Exception {
    for (String init : List.of(PD, TINI, DUMB_INIT)) {
      try (Pd pd = start(init, script)) {
        pd.stdin().close();
        assertEquals(status, pd.end().code(), init);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {PD, TINI, DUMB_INIT})
  void reapsOrphans(String init) throws Exception {
    // cat ends when all orphans have ended, because they hold its pipe.
    String script = "n=0; while [ $n -lt 100 ]; do (sh -c : &); n=$((n+1)); done | cat;"
        + " while grep -qs '^State:.Z' /proc/[0-9]*/status; do :; done; exit 9";
    try (Pd pd = start(init, script)) {
      pd.stdin().close();
      assertEquals(9, pd.end().code());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {PD, TINI, DUMB_INIT})
  void forwardsEachSignalOnce(String init) throws Exception {
    try (Pd pd = start(init, REPORTER)) {
      pd.await("ready");
      long pid = init(pd);
      SignalScript.kill("USR1", pid);
      pd.await("USR1");
      for (String signal : SIGNALS) {
        if (init.equals(DUMB_INIT) && signal.equals("TSTP")) {
          continue; // It also stops itself.
        }
        SignalScript.kill(signal, pid);
        assertEquals(List.of(signal), pd.awaitAll(signal));
      }
      for (String number : NUMBERS) {
        if (init.equals(DUMB_INIT) && !number.equals("16")) {
          continue; // It reads beyond the end of its table of signals.
        }
        SignalScript.kill(number, pid);
        assertEquals(List.of(number), pd.awaitAll(number));
      }
      SignalScript.kill("USR2", pid);
      assertEquals(List.of("USR2"), pd.awaitAll("USR2"));
      assertEquals(7, pd.end().code());
    }
  }

  /**
   * The command of dumb-init is in another group here. With tini and {@code dumb-init
   * --single-child} a signal to the group arrives twice.
   */
  @ParameterizedTest
  @ValueSource(strings = {PD, DUMB_INIT_IN_SESSION})
  void aSignalToTheGroupReachesTheCommandOnce(String init) throws Exception {
    try (Pd pd = Pd.start(Spawner.of(command(init, REPORTER)).newProcessGroup())) {
      pd.await("ready");
      long pid = init(pd);
      SignalScript.kill("USR1", pid);
      pd.await("USR1");
      // Those that unshare ignores, which is in the group too.
      for (String signal : List.of("TERM", "INT", "TERM")) {
        SignalScript.kill(signal, -pd.handle().pid());
        assertEquals(List.of(signal), pd.awaitAll(signal));
      }
      SignalScript.kill("USR2", pid);
      assertEquals(List.of("USR2"), pd.awaitAll("USR2"));
      assertEquals(7, pd.end().code());
    }
  }

  @Test
  void aSignalEndsTheWaitForAFifo() throws Exception {
    Path fifo = directory.resolve("fifo");
    assertEquals(0, new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor());
    for (String signal : List.of("TERM", "INT")) {
      List<String> command = command("pd run --stdin file:" + fifo + " -- cat");
      try (Pd pd = Pd.startInForeground(command)) {
        Await.until("pd waits for the FIFO", () -> PtyTest.isOpening(pd));
        SignalScript.kill(signal, init(pd));
        assertEquals(signal.equals("TERM") ? 143 : 130, pd.end().code(), signal);
      }
    }
  }

  /** The script handles signals before there is a JVM, as tini blocks them before its command. */
  @Test
  void aSignalAtTheStartIsNotLost() throws Exception {
    try (Pd pd = start(PD, "exec cat")) {
      Await.until("there is a PID 1", () -> hasInit(pd));
      Path status = Path.of("/proc/" + init(pd) + "/status");
      // TERM is signal 15.
      Await.until(
          "it handles signals",
          () -> SignalScript.lines(status).stream()
              .anyMatch(line -> line.matches("SigCgt:\\s.*[4-7c-f].{3}")));
      SignalScript.kill("TERM", init(pd));
      assertEquals(143, pd.end().code());
    }
  }

  private static boolean hasInit(Pd pd) {
    try {
      return init(pd) > 0;
    } catch (RuntimeException e) {
      return false;
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {PD, TINI, DUMB_INIT})
  void aCommandThatCannotBeExecuted(String init) throws Exception {
    Path plain = directory.resolve("plain");
    if (!Files.exists(plain)) {
      Files.writeString(plain, "text");
    }
    for (String program : List.of("/no/such/program", plain.toString())) {
      List<String> command = command(init);
      command.add(program);
      int expected = program.equals(plain.toString()) ? 126 : 127;
      try (Pd pd = Pd.startInForeground(command)) {
        assertEquals(init.equals(DUMB_INIT) ? 2 : expected, pd.end().code(), program);
      }
    }
  }

  /** PID 1 ends with its command, and the kernel then kills what is left. */
  @ParameterizedTest
  @ValueSource(strings = {PD, TINI, DUMB_INIT})
  void livingOrphansDoNotDelayTheEnd(String init) throws Exception {
    try (Pd pd = start(init, "(trap '' TERM; sleep 1000) & exit 5")) {
      assertEquals(5, pd.end().code());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {PD, TINI, DUMB_INIT_IN_SESSION})
  void anInterruptFromTheTerminalReachesTheCommandOnce(String init) throws Exception {
    Process script = new ProcessBuilder("sh", "-c", "script --version | grep util-linux").start();
    Assumptions.assumeTrue(script.waitFor() == 0, "no script(1) of util-linux");
    String line = command(init, "test -t 0 || exit 1; " + REPORTER).stream()
        .map(InstalledPd::quoted)
        .collect(Collectors.joining(" ", "exec ", "\n"));
    Path file = Files.writeString(directory.resolve("command"), line);
    try (Pd pd = Pd.startInForeground(List.of("script", "-qec", "exec sh " + file, "/dev/null"))) {
      pd.await("ready");
      long pid = init(pd);
      SignalScript.kill("USR1", pid);
      pd.await("USR1");
      pd.type("\3");
      assertEquals(List.of("INT"), pd.awaitAll("INT"));
      SignalScript.kill("USR2", pid);
      assertEquals(List.of("USR2"), pd.awaitAll("USR2"));
      assertEquals(7, pd.end().code());
    }
  }

  /** In this command the JVM has no handler, as at the start of {@code pd run}. */
  @ParameterizedTest
  @CsvSource({"INT, 130", "QUIT, 131", "TERM, 143"})
  void aSignalThatIsNotHandledEndsPd(String signal, int status) throws Exception {
    Path socket = directory.resolve(signal + ".sock");
    List<String> command = command("pd receive " + socket);
    try (Pd pd = Pd.startInForeground(command)) {
      pd.await("listens");
      SignalScript.kill(signal, init(pd));
      Pd.Result result = pd.end();
      assertEquals(status, result.code());
      assertFalse(
          result.err().contains("system call") || result.err().contains("fault"), result.err());
    }
  }

  /** A command that is not PID 1 has the default action. */
  @Test
  void aTerminationEndsTheCommand() throws Exception {
    try (Pd pd = start(PD, "echo ready; exec cat")) {
      pd.await("ready");
      SignalScript.kill("TERM", init(pd));
      assertEquals(143, pd.end().code());
    }
  }
}
