package dev.procdesc.compat.c09_start;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.CompletedProcess;
import dev.procdesc.ExitStatus;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.FailedProcessException;
import dev.procdesc.Feature;
import dev.procdesc.RunOptions;
import dev.procdesc.SpawnException;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.support.BlockedInput;
import dev.procdesc.compat.support.ConcurrentCallers;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.VirtualThreads;
import dev.procdesc.testing.Await;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ThreadFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the runs of children that end by themselves. */
@ExtendWith(LeakCheck.class)
final class RunTest {
  /** The size of an input that exceeds the capacity of every pipe. */
  private static final int MUCH = 4_000_000;

  private static Spawner sh(String script) {
    return Spawner.of("/bin/sh", "-c", script);
  }

  private static byte[] much() {
    byte[] bytes = new byte[MUCH];
    new Random(17).nextBytes(bytes);
    return bytes;
  }

  @Test
  @Contract({"C4", "C9"})
  void theStatusAndBothOutputsAreReturned() throws Exception {
    CompletedProcess run = sh("echo out; echo err >&2; exit 7").run();
    assertEquals(new Exited(7), run.status());
    assertEquals("out\n", run.stdoutText());
    assertEquals("err\n", run.stderrText());
    assertArrayEquals("out\n".getBytes(StandardCharsets.US_ASCII), run.stdout());
    assertTrue(run.outputComplete());
    assertFalse(run.stdoutTruncated());
    assertEquals(List.of("/bin/sh", "-c", "echo out; echo err >&2; exit 7"), run.command());
    assertTrue(run.usage().isEmpty(), "it was not requested");
    assertFalse(run.duration().isNegative() || run.duration().isZero());
  }

  @Test
  @Contract("C9")
  void aFailureBecomesAnException() throws Exception {
    CompletedProcess good = sh("exit 0").run();
    assertSame(good, good.orThrow());
    CompletedProcess bad =
        sh("i=1; while [ $i -le 20 ]; do echo line $i >&2; i=$((i + 1)); done; exit 3")
            .run();
    FailedProcessException failure = assertThrows(FailedProcessException.class, bad::orThrow);
    assertEquals(new Exited(3), failure.status());
    String message = String.valueOf(failure.getMessage());
    assertTrue(message.startsWith("/bin/sh -c 'i=1;"), message);
    assertTrue(message.contains("exited with 3:\nline 11\n"), message);
    assertTrue(message.endsWith("\nline 20"), message);
    assertTrue(failure.stderrText().startsWith("line 1\n"), "the exception has all of it");
  }

  @Test
  @Contract("C9")
  void withoutInputAChildReadsTheEndOfFile() throws Exception {
    assertEquals(0, Spawner.of("/bin/cat").run().orThrow().stdout().length);
    assertEquals(0, Spawner.of("/bin/cat").stdin(Stdio.pipe()).run().orThrow().stdout().length);
  }

  @Test
  @Contract("C9")
  void eachKindOfInputArrivesWhole(@TempDir Path directory) throws Exception {
    byte[] much = much();
    Spawner cat = Spawner.of("/bin/cat");
    RunOptions options = RunOptions.defaults();
    byte[] given = much.clone();
    RunOptions bytes = options.input(given);
    Arrays.fill(given, (byte) 0);
    assertArrayEquals(much, cat.run(bytes).orThrow().stdout(), "the input was copied");
    assertArrayEquals(
        much, cat.run(options.input(new ByteArrayInputStream(much))).orThrow().stdout());
    assertEquals("drei ä €", cat.run(options.input("drei ä €")).orThrow().stdoutText());
    byte[] latin =
        cat.run(options.input("ä", StandardCharsets.ISO_8859_1)).orThrow().stdout();
    assertArrayEquals(new byte[] {(byte) 0xE4}, latin);
    assertEquals(0, cat.run(options.input("")).orThrow().stdout().length);
    Path file = Files.write(directory.resolve("input"), much);
    assertArrayEquals(much, cat.run(options.input(file)).orThrow().stdout());
  }

  @Test
  @Contract("C9")
  void invalidBytesAreReplacedInTheText() throws Exception {
    CompletedProcess run = sh("printf 'a\\377b'").run();
    assertEquals("a\uFFFDb", run.stdoutText());
    assertEquals("a\u00FFb", run.stdoutText(StandardCharsets.ISO_8859_1));
    assertEquals(3, run.stdout().length);
  }

  @ParameterizedTest
  @ValueSource(strings = {"exec <&-; exit 3", "exit 3", "head -c 1 >&2; exit 3"})
  @Contract("C9")
  void aChildNeedNotReadItsInput(String script) throws Exception {
    RunOptions options = RunOptions.defaults();
    assertEquals(new Exited(3), sh(script).run(options.input(new byte[MUCH])).status());
    assertEquals(
        new Exited(3),
        sh(script).run(options.input(new ByteArrayInputStream(new byte[MUCH]))).status());
  }

  @Test
  @Contract("C9")
  void aBlockedInputDoesNotDelayTheEnd() throws Exception {
    RunOptions options = RunOptions.defaults().input(new BlockedInput("line\n"));
    assertEquals(
        "line\n", sh("read -r line; echo \"$line\"").run(options).orThrow().stdoutText());
  }

  @Test
  @Contract("C9")
  void anInputThatFailsFailsTheRun() throws Exception {
    IOException cause = new IOException("the disk is gone");
    InputStream failing = new InputStream() {
      @Override
      public int read() throws IOException {
        throw cause;
      }

      @Override
      public int read(byte[] target, int offset, int length) throws IOException {
        throw cause;
      }
    };
    IOException thrown = assertThrows(
        IOException.class,
        () -> Spawner.of("/bin/cat").run(RunOptions.defaults().input(failing)));
    assertSame(cause, thrown.getCause());
  }

  @Test
  @Contract("C9")
  void outputsThatGoElsewhereAreNotCaptured(@TempDir Path directory) throws Exception {
    Path file = directory.resolve("output");
    CompletedProcess run =
        sh("echo out; echo err >&2").stdout(Stdio.toFile(file)).run();
    assertEquals("", run.stdoutText());
    assertEquals("err\n", run.stderrText());
    assertEquals("out\n", Files.readString(file));
    assertTrue(run.outputComplete());
    CompletedProcess inherited = sh("exit 0").stdout(Stdio.inherit()).run();
    assertEquals("", inherited.stdoutText());
    CompletedProcess merged =
        sh("echo out; echo err >&2").stderr(Stdio.stdout()).run().orThrow();
    assertEquals("out\nerr\n", merged.stdoutText());
    assertEquals("", merged.stderrText());
    assertEquals("out\n", sh("echo out").stdout(Stdio.pipe()).run().stdoutText());
  }

  @Test
  @Contract("C9")
  void contradictionsAreRefusedBeforeTheStart() {
    Spawner cat = Spawner.of("/bin/cat");
    RunOptions input = RunOptions.defaults().input("x");
    assertThrows(
        IllegalArgumentException.class, () -> cat.stdin(Stdio.nullDevice()).run(input));
    assertThrows(
        IllegalStateException.class,
        () -> cat.descriptor(5, Stdio.pipeFromChild()).run());
    assertThrows(
        IllegalStateException.class, () -> cat.stdout(Stdio.pipeToChild()).run());
    assertThrows(
        IllegalStateException.class, () -> cat.stdin(Stdio.pipeFromChild()).run());
  }

  @Test
  @Contract("C9")
  void aFailedStartIsTheExceptionOfTheSpawn() throws Exception {
    Spawner missing = Spawner.of("/nonexistent/program");
    assertThrows(SpawnException.class, missing::run);
    assertInstanceOf(SpawnException.class, Await.thrown(missing.runAsync(RunOptions.defaults())));
  }

  @Test
  @Contract({"C4", "C9"})
  void aChildMayCloseItsStreamsEarly() throws Exception {
    CompletedProcess run = sh("echo out; exec >&- 2>&-; read -r line; exit \"$line\"")
        .run(RunOptions.defaults().input("9\n"));
    assertEquals(new Exited(9), run.status());
    assertEquals("out\n", run.stdoutText());
    assertTrue(run.outputComplete());
  }

  @Test
  @Contract("C4")
  void usageIsReturnedWhereItWasRequested() throws Exception {
    Requires.feature(Feature.RESOURCE_USAGE);
    assertTrue(sh("exit 0").collectUsage(true).run().usage().isPresent());
  }

  @Test
  @Contract("C5")
  void runsNeedNoThreadThatWaits() throws Exception {
    var runs = Collections.nCopies(20, Spawner.of("/bin/cat")).stream()
        .map(cat -> cat.runAsync(RunOptions.defaults().input("x".repeat(200_000))))
        .toList();
    for (var run : runs) {
      assertEquals(200_000, Await.get(run).orThrow().stdout().length);
    }
  }

  @Test
  @Contract("C11")
  void virtualThreadsRunChildren() throws Exception {
    Requires.virtualThreads();
    ThreadFactory factory = VirtualThreads.factory();
    try (ConcurrentCallers<String> callers = new ConcurrentCallers<>(factory)) {
      for (int i = 0; i < 20; i++) {
        RunOptions input = RunOptions.defaults().input("run " + i);
        callers.add(() -> Spawner.of("/bin/cat").run(input).orThrow().stdoutText());
      }
      List<String> outputs = callers.results();
      assertEquals(20, outputs.stream().distinct().count());
    }
  }

  @Test
  @Contract({"C4", "C8"})
  void manyRunsLeaveNothing() throws Exception {
    for (int i = 0; i < 1_000; i++) {
      ExitStatus status = Spawner.of(Run.TRUE).run().status();
      assertEquals(new Exited(0), status);
    }
  }
}
