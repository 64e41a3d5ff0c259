package dev.procdesc.compat.c09_start;

import static dev.procdesc.compat.support.Liveness.assertDead;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.Capture;
import dev.procdesc.CompletedProcess;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.OutputLimitException;
import dev.procdesc.Pipeline;
import dev.procdesc.RunOptions;
import dev.procdesc.RunTimeoutException;
import dev.procdesc.Signal;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.Teardown;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.support.BlockedInput;
import dev.procdesc.compat.support.ConcurrentCallers;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.RawPipe;
import dev.procdesc.testing.Await;
import dev.procdesc.testing.Timeouts;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Tests the limits of runs, and the runs that do not end by themselves. */
@ExtendWith(LeakCheck.class)
final class RunEndTest {
  private static final RunOptions OPTIONS = RunOptions.defaults();

  /** A time limit that a test waits for. */
  private static final Duration SHORT = Duration.ofMillis(200);

  /** The script of a child that exits, and of a grandchild that holds the output. */
  private static final String GRANDCHILD = "exec 3<&0; cat <&3 & echo out; exit 5";

  private static Spawner sh(String script) {
    return Spawner.of("/bin/sh", "-c", script);
  }

  private static Spawner sh(String script, String name) {
    return Spawner.of("/bin/sh", "-c", script, name);
  }

  /** Returns an input that ends at the end of the run, and so lets the grandchild exit. */
  private static RunOptions held() {
    return OPTIONS.input(new BlockedInput(""));
  }

  @Test
  @Contract("C9")
  void anOutputWithoutEndFailsTheRun() {
    OutputLimitException thrown = assertThrows(
        OutputLimitException.class,
        () -> sh("while :; do echo line; done").run(OPTIONS.stdout(Capture.atMost(8))));
    assertEquals("line\nlin", thrown.stdoutText());
    assertEquals(8, thrown.limit());
    String message = String.valueOf(thrown.getMessage());
    assertTrue(message.endsWith("wrote more than 8 bytes to standard output"), message);
    OutputLimitException errors = assertThrows(
        OutputLimitException.class,
        () -> sh("while :; do echo line; done >&2").run(OPTIONS.stderr(Capture.atMost(8))));
    assertEquals("line\nlin", errors.stderrText());
  }

  @Test
  @Contract("C9")
  void anOutputOfExactlyTheLimitIsPermitted() throws Exception {
    CompletedProcess run = sh("printf 12345678").run(OPTIONS.stdout(Capture.atMost(8)));
    assertEquals("12345678", run.orThrow().stdoutText());
    assertEquals("", sh("exit 0").run(OPTIONS.stdout(Capture.atMost(0))).stdoutText());
    assertThrows(
        OutputLimitException.class, () -> sh("printf 1").run(OPTIONS.stdout(Capture.atMost(0))));
  }

  @Test
  @Contract("C9")
  void theBeginningOrTheEndOfALongOutputIsKept() throws Exception {
    Spawner numbers = sh("i=0; while [ $i -lt 30000 ]; do echo $i; i=$((i + 1)); done");
    CompletedProcess head = numbers.run(OPTIONS.stdout(Capture.head(10))).orThrow();
    assertEquals("0\n1\n2\n3\n4\n", head.stdoutText());
    assertTrue(head.stdoutTruncated());
    assertFalse(head.stderrTruncated());
    CompletedProcess tail = numbers.run(OPTIONS.stdout(Capture.tail(13))).orThrow();
    assertEquals("\n29998\n29999\n", tail.stdoutText());
    assertTrue(tail.stdoutTruncated());
    for (Capture nothing : List.of(Capture.head(0), Capture.tail(0))) {
      CompletedProcess none = numbers.run(OPTIONS.stdout(nothing)).orThrow();
      assertEquals("", none.stdoutText());
      assertTrue(none.stdoutTruncated());
    }
    CompletedProcess whole = sh("printf 123").run(OPTIONS.stdout(Capture.tail(3)));
    assertEquals("123", whole.stdoutText());
    assertFalse(whole.stdoutTruncated());
  }

  @Test
  @Contract("C9")
  void aTimeoutIsReportedAndTheChildKilled() {
    RunTimeoutException thrown = assertThrows(
        RunTimeoutException.class,
        () -> sh("trap '' TERM; echo out; exec sleep 1000").run(OPTIONS.timeout(SHORT)));
    assertEquals(SHORT, thrown.timeout());
    assertTrue(List.of("", "out\n").contains(thrown.stdoutText()), thrown.stdoutText());
    assertThrows(
        RunTimeoutException.class, () -> sh("exec sleep 1000").run(OPTIONS.timeout(Duration.ZERO)));
  }

  /** Runs something whose start waits, and asserts that the time limit ends it. */
  private static void assertTimesOut(Await.Task<?> run) throws Exception {
    Await.Running<RunTimeoutException> running = Await.start(() -> {
      RunTimeoutException thrown = assertThrows(RunTimeoutException.class, run::run);
      assertFalse(Thread.interrupted(), "the interrupt of the start is not visible");
      return thrown;
    });
    RunTimeoutException thrown = Await.get(running.result());
    assertEquals(SHORT, thrown.timeout());
    assertEquals("", thrown.stdoutText());
  }

  @Test
  @Contract("C9")
  void aTimeoutIncludesTheStart(@TempDir Path directory) throws Exception {
    Path fifo = directory.resolve("fifo");
    assertEquals("", sh("exec mkfifo \"$0\"", fifo.toString()).run().orThrow().stderrText());
    RunOptions limited = OPTIONS.timeout(SHORT);
    assertTimesOut(() -> sh("cat").run(limited.input(fifo)));
    assertTimesOut(() -> sh("cat").stdin(Stdio.fromFile(fifo)).run(limited));
    assertTimesOut(() -> sh("cat").stdout(Stdio.toFile(fifo)).run(limited));
    assertTimesOut(() -> Pipeline.of(sh("cat"), sh("cat")).run(limited.input(fifo)));
    assertTimesOut(() ->
        Pipeline.of(sh("exec sleep 1000"), sh("cat").stdout(Stdio.toFile(fifo))).run(limited));
    assertTimesOut(() -> {
      throw (RunTimeoutException) Await.thrown(sh("cat").runAsync(limited.input(fifo)));
    });
    assertTimesOut(() -> {
      Pipeline cats = Pipeline.of(sh("cat"), sh("cat"));
      throw (RunTimeoutException) Await.thrown(cats.runAsync(limited.input(fifo)));
    });
  }

  @Test
  @Contract({"C9", "C11"})
  void anInterruptOfAStartWithATimeoutIsNoTimeout(@TempDir Path directory) throws Exception {
    Path fifo = directory.resolve("fifo");
    assertEquals("", sh("exec mkfifo \"$0\"", fifo.toString()).run().orThrow().stderrText());
    Await.Running<CompletedProcess> running =
        Await.start(() -> sh("cat").run(OPTIONS.timeout(Timeouts.CEILING).input(fifo)));
    ConcurrentCallers.awaitBlocked(running.thread());
    running.thread().interrupt();
    assertInstanceOf(InterruptedIOException.class, Await.thrown(running.result()));
  }

  @Test
  @Contract("C9")
  void aChildThatExitsWith0AtATimeoutIsNoSuccess() {
    Spawner polite = sh("trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.01; done");
    RunTimeoutException thrown = assertThrows(
        RunTimeoutException.class,
        () -> polite.run(OPTIONS.timeout(SHORT, Teardown.of(Signal.TERM, Timeouts.CEILING))));
    // A child that was not ready by then has died of the signal.
    assertTrue(List.of("", "ready\nbye\n").contains(thrown.stdoutText()), thrown.stdoutText());
  }

  @Test
  @Contract("C9")
  void anEndlessOutputOfWhichAPartIsKeptReachesTheTimeout() {
    RunTimeoutException thrown = assertThrows(
        RunTimeoutException.class,
        () -> sh("while :; do echo line; done")
            .run(OPTIONS.stdout(Capture.head(5)).timeout(SHORT)));
    assertTrue(List.of("", "line\n").contains(thrown.stdoutText()), thrown.stdoutText());
  }

  @Test
  @Contract({"C4", "C9"})
  void aGrandchildThatHoldsTheOutputIsNotAwaitedLong() throws Exception {
    for (Duration time : List.of(Duration.ZERO, SHORT)) {
      CompletedProcess run = sh(GRANDCHILD).run(held().outputAfterExit(time));
      assertEquals(new Exited(5), run.status());
      assertEquals("out\n", run.stdoutText());
      assertFalse(run.outputComplete());
    }
  }

  @Test
  @Contract("C9")
  void aGrandchildThatWritesWithoutEndIsNotAwaited() throws Exception {
    String script = "while echo more; do :; done & exit 5";
    CompletedProcess run =
        sh(script).run(OPTIONS.stdout(Capture.tail(100)).outputAfterExit(Duration.ZERO));
    assertEquals(new Exited(5), run.status());
    assertFalse(run.outputComplete());
  }

  @Test
  @Contract("C9")
  void theOutputOfAGrandchildIsRead() throws Exception {
    CompletedProcess run = sh("exec 3<&0; (read -r line <&3; echo \"late $line\") & exit 0")
        .run(OPTIONS.input("x\n").outputAfterExit(Timeouts.CEILING));
    assertEquals("late x\n", run.orThrow().stdoutText());
    assertTrue(run.outputComplete());
  }

  @Test
  @Contract("C9")
  void aTimeoutIncludesTheOutputOfAGrandchild() {
    RunTimeoutException thrown = assertThrows(
        RunTimeoutException.class,
        () -> sh(GRANDCHILD).run(held().timeout(SHORT).outputAfterExit(Timeouts.CEILING)));
    assertTrue(List.of("", "out\n").contains(thrown.stdoutText()), thrown.stdoutText());
  }

  @Test
  @Contract({"C6", "C11"})
  void anInterruptKillsTheChild() throws Exception {
    try (RawPipe pipe = RawPipe.open()) {
      Spawner staying = sh("echo up >&2; exec sleep 1000").stderr(pipe.writer());
      Await.Running<CompletedProcess> running = Await.start(staying::run);
      assertEquals("up", pipe.line());
      ConcurrentCallers.awaitBlocked(running.thread());
      pipe.given();
      running.thread().interrupt();
      assertInstanceOf(InterruptedException.class, Await.thrown(running.result()));
      assertDead(pipe);
    }
  }

  @Test
  @Contract({"C6", "C11"})
  void anEarlierInterruptEndsTheRun() {
    Thread.currentThread().interrupt();
    assertThrows(InterruptedException.class, () -> sh("exec sleep 1000").run());
    assertFalse(Thread.interrupted(), "the exception replaces the interrupt status");
  }

  @Test
  @Contract({"C6", "C11"})
  void aCancelledRunKillsTheChild() throws Exception {
    try (RawPipe pipe = RawPipe.open()) {
      CompletableFuture<CompletedProcess> run =
          sh("echo up >&2; exec sleep 1000").stderr(pipe.writer()).runAsync(OPTIONS);
      assertEquals("up", pipe.line());
      pipe.given();
      assertTrue(run.cancel(true));
      assertDead(pipe);
    }
  }

  @Test
  @Contract("C9")
  void anAsynchronousRunFailsLikeASynchronousOne() throws Exception {
    assertInstanceOf(
        RunTimeoutException.class,
        Await.thrown(sh("exec sleep 1000").runAsync(OPTIONS.timeout(SHORT))));
    assertInstanceOf(
        OutputLimitException.class,
        Await.thrown(sh("echo long").runAsync(OPTIONS.stdout(Capture.atMost(1)))));
    assertEquals(new Exited(6), Await.get(sh("exit 6").runAsync(OPTIONS)).status());
  }
}
