package dev.procdesc.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

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

  private static final String UNSHARE =
      "exec unshare $([ \"$(id -u)\" = 0 ] || echo -Ur) --pid --fork --kill-child --mount-proc \"$@\"";

  private static final List<String> SIGNALS = List.of(
      "HUP", "INT", "QUIT", "TERM", "USR1", "ALRM", "VTALRM", "PROF", "IO", "URG", "XCPU", "WINCH",
      "CONT", "TSTP", "PWR");

  private static final String REPORTER = "for s in "
      + String.join(" ", SIGNALS)
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
    Path root = Path.of("").toAbsolutePath();
    Path script = Files.exists(root.resolve("pd")) ? root.resolve("pd") : root.resolve("../pd");
    Files.copy(script, directory.resolve("pd"));
    Files.createDirectories(directory.resolve("cli/target"));
    Files.createFile(directory.resolve("cli/target/pd.jar"));
    Path java = Files.createDirectories(directory.resolve("java/bin")).resolve("java");
    Files.writeString(directory.resolve("java/release"), "JAVA_VERSION=\"17\"\n");
    // Runs the classes of this test instead of the JAR.
    Files.writeString(
        java,
        "#!/bin/sh\no=\nwhile [ \"$1\" != -jar ]; do\n  case $1 in *SharedArchiveFile* | *Xshare*) ;;"
            + " *) o=\"$o $1\" ;; esac\n  shift\ndone\nshift 2\nexec "
            + quoted(Path.of(System.getProperty("java.home"), "bin", "java").toString())
            + " $o -cp "
            + quoted(System.getProperty("java.class.path"))
            + " "
            + Main.class.getName()
            + " \"$@\"\n");
    assertTrue(java.toFile().setExecutable(true));
  }

  private static String quoted(String word) {
    return "'" + word.replace("'", "'\\''") + "'";
  }

  /** Returns the command line of an init as PID 1, without the command that it runs. */
  private static List<String> command(String init) throws IOException, InterruptedException {
    List<String> words = new ArrayList<>(List.of(init.split(" ", -1)));
    if (words.get(0).equals("pd")) {
      words.set(0, directory.resolve("pd").toString());
    } else {
      Process version = new ProcessBuilder("sh", "-c", "command -v " + words.get(0)).start();
      Assumptions.assumeTrue(version.waitFor() == 0, words.get(0) + " is not installed");
    }
    List<String> command = new ArrayList<>(
        List.of("env", "JAVA_HOME=" + directory.resolve("java"), "sh", "-c", UNSHARE, "sh"));
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
      SignalScript.kill("USR2", pid);
      assertEquals(List.of("USR2"), pd.awaitAll("USR2"));
      assertEquals(7, pd.end().code());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {PD, TINI})
  void anInterruptFromTheTerminalReachesTheCommandOnce(String init) throws Exception {
    Process script = new ProcessBuilder("sh", "-c", "script --version | grep util-linux").start();
    Assumptions.assumeTrue(script.waitFor() == 0, "no script(1) of util-linux");
    String line = command(init, "test -t 0 || exit 1; " + REPORTER).stream()
        .map(InitTest::quoted)
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
