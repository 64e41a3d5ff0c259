package dev.procdesc.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.procdesc.Feature;
import dev.procdesc.Platform;
import dev.procdesc.testing.Await;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests that pd reports output that it cannot write, on a device that is always full. */
final class OutputTest {
  private static final Path FULL = Path.of("/dev/full");

  @TempDir
  private Path directory = Path.of("");

  @BeforeEach
  void needsTheDevice() {
    assumeTrue(Files.exists(FULL), FULL + " is absent");
  }

  /** Starts pd with a redirection of the shell. */
  private static Pd redirected(String redirection, String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of("sh", "-c", "exec \"$@\" " + redirection, "sh"));
    command.addAll(Pd.command(arguments));
    return Pd.start(new ProcessBuilder(command));
  }

  private static void assertFailed(String output, Pd.Result result) {
    assertEquals(ExitCodes.FAILED, result.code(), result.toString());
    assertTrue(
        result.err().matches("pd: cannot write " + output + ": [^\n]+\n"), result.toString());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--version",
        "--help",
        "help",
        "help run",
        "doctor",
        "doctor --json",
        "doctor --check",
        "-D dev.procdesc.backend=none help"
      })
  void standardOutput(String arguments) throws IOException, InterruptedException {
    try (Pd pd = redirected(">/dev/full", arguments.split(" "))) {
      assertFailed("standard output", pd.end());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"--usage", "--json"})
  void aReportInAFile(String kind) throws IOException, InterruptedException {
    assertFailed("/dev/full", Pd.run("run", kind, "-o", "/dev/full", "true"));
    Pd.Result missing = Pd.run("run", "--json", "-o", "/dev/full", "no-such-command");
    assertEquals(ExitCodes.FAILED, missing.code());
    assertTrue(missing.err().contains("no-such-command"), missing.err());
    assertTrue(missing.err().contains("cannot write /dev/full"), missing.err());
  }

  /** The second command does not end before its terminal is hung up. */
  @ParameterizedTest
  @ValueSource(strings = {"echo hi", "yes"})
  void theScreenOfATerminal(String command) throws IOException, InterruptedException {
    List<String> arguments = new ArrayList<>(List.of("run", "--tty", "--"));
    arguments.addAll(List.of(command.split(" ", -1)));
    try (Pd pd = redirected(">/dev/full", arguments.toArray(String[]::new))) {
      assertFailed("standard output", pd.end());
    }
  }

  @Test
  void aMessageThatWasReceived() throws IOException, InterruptedException {
    for (Feature feature : new Feature[] {Feature.DESCRIPTOR_CHANNEL, Feature.KILL_ON_JVM_DEATH}) {
      assumeTrue(Platform.current().has(feature), "lacks " + feature);
    }
    String socket = directory.resolve("pd.sock").toString();
    try (Pd receiver = redirected(">/dev/full", "receive", socket)) {
      assertFailed("standard output", receiver.end());
    }
    assertTrue(Files.notExists(Path.of(socket)), "the socket remains");
    try (Pd receiver = Pd.start("receive", socket)) {
      receiver.await("listens");
      try (Pd sender = redirected(">/dev/full", "send", socket, "sleep", "1000")) {
        assertFailed("standard output", sender.end());
      }
      assertEquals(0, receiver.end().code());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"--usage", "--json"})
  void aReportOnStandardError(String kind) throws IOException, InterruptedException {
    try (Pd pd = redirected("2>/dev/full", "run", kind, "true")) {
      assertEquals(ExitCodes.FAILED, pd.end().code());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {">/dev/full", "2>/dev/full"})
  void aDetachedCommandWhoseIdIsLostIsKilled(String redirection)
      throws IOException, InterruptedException {
    Path fifo = fifo();
    // The command holds the pipe open until it has ended.
    Process reader = new ProcessBuilder("cat", fifo.toString()).start();
    try (Pd pd = redirected(
        redirection, "run", "--detach", "--json", "--stdout", "append:" + fifo, "sleep", "1000")) {
      assertEquals(ExitCodes.FAILED, pd.end().code());
      assertTrue(reader.waitFor(Pd.LIMIT_SECONDS, TimeUnit.SECONDS));
    } finally {
      reader.destroyForcibly();
    }
  }

  /** The kernel does not return from the write of the process ID, and no interrupt ends it. */
  @Test
  void aSignalEndsADetachedCommandWhoseIdIsNotRead() throws IOException, InterruptedException {
    Path fifo = fifo();
    List<String> command =
        new ArrayList<>(List.of("sh", "-c", "head -c 65536 /dev/zero; exec \"$@\"", "sh"));
    command.addAll(Pd.command(
        "run", "--detach", "--stdout", "append:" + fifo, "sh", "-c", "echo hi; exec sleep 1000"));
    Process reader = new ProcessBuilder("cat", fifo.toString()).start();
    try (Pd pd = Pd.start(new ProcessBuilder(command));
        BufferedReader lines = reader.inputReader()) {
      assertEquals("hi", Await.get(Await.start(lines::readLine).result()));
      CompletableFuture<ProcessHandle> exit = pd.handle().onExit(); // It exists until the signal.
      pd.signal("TERM");
      Await.get(exit);
      assertEquals(143, pd.end().code());
      assertTrue(reader.waitFor(Pd.LIMIT_SECONDS, TimeUnit.SECONDS), "the command lives");
    } finally {
      reader.destroyForcibly();
    }
  }

  @Test
  void watchEndsAtOnce() throws IOException, InterruptedException {
    assumeTrue(Platform.current().has(Feature.OPEN_PROCESS), "lacks " + Feature.OPEN_PROCESS);
    Process process = new ProcessBuilder("cat").start();
    try (Pd pd = redirected(">/dev/full", "watch", "" + process.pid())) {
      assertFailed("standard output", pd.end());
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void watchEndsWhenAnEndCannotBePrinted() throws IOException, InterruptedException {
    assumeTrue(Platform.current().has(Feature.OPEN_PROCESS), "lacks " + Feature.OPEN_PROCESS);
    Process first = new ProcessBuilder("cat").start();
    Process lasting = new ProcessBuilder("cat").start();
    Process pd = new ProcessBuilder(Pd.command("watch", "" + lasting.pid(), "" + first.pid()))
        .redirectError(ProcessBuilder.Redirect.DISCARD)
        .start();
    try {
      try (BufferedReader lines = pd.inputReader()) {
        assertEquals(lasting.pid() + " watched", lines.readLine());
        assertEquals(first.pid() + " watched", lines.readLine());
      }
      first.getOutputStream().close();
      assertTrue(pd.waitFor(Pd.LIMIT_SECONDS, TimeUnit.SECONDS), "pd does not end");
      assertEquals(ExitCodes.FAILED, pd.exitValue());
    } finally {
      pd.destroyForcibly();
      first.destroyForcibly();
      lasting.destroyForcibly();
    }
  }

  private Path fifo() throws IOException, InterruptedException {
    Path fifo = directory.resolve("fifo");
    assertEquals(0, new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor());
    return fifo;
  }
}
