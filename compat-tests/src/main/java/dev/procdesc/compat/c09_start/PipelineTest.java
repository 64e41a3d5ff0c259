package dev.procdesc.compat.c09_start;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.Capture;
import dev.procdesc.ChildPipeline;
import dev.procdesc.ChildProcess;
import dev.procdesc.CompletedPipeline;
import dev.procdesc.CompletedProcess;
import dev.procdesc.ExitStatus;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.FailedProcessException;
import dev.procdesc.Feature;
import dev.procdesc.OnClose;
import dev.procdesc.OutputLimitException;
import dev.procdesc.PipeInput;
import dev.procdesc.Pipeline;
import dev.procdesc.PipelineStatus;
import dev.procdesc.RunOptions;
import dev.procdesc.RunTimeoutException;
import dev.procdesc.Signal;
import dev.procdesc.SpawnException;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.Teardown;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.Children;
import dev.procdesc.compat.support.Descriptors;
import dev.procdesc.compat.support.Errors;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Libc;
import dev.procdesc.compat.support.RawPipe;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scenario;
import dev.procdesc.compat.support.Text;
import dev.procdesc.testing.Await;
import dev.procdesc.testing.Timeouts;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.ref.WeakReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import jnr.constants.platform.Errno;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.platform.commons.support.ReflectionSupport;

/** Tests the children that pipes connect. */
@ExtendWith(LeakCheck.class)
final class PipelineTest {
  private static final int MUCH = 4_000_000;

  @TempDir
  Path directory;

  /** Returns a spawner of a script without pipes. */
  private static Spawner sh(String script) {
    return Spawner.of("/bin/sh", "-c", script);
  }

  private static Spawner cat() {
    return Spawner.of("/bin/cat");
  }

  /** Returns a spawner of a child that stays until it is killed. */
  private static Spawner staying() {
    return sh("exec sleep 1000");
  }

  private static PipelineStatus end(ChildPipeline pipeline) throws InterruptedException {
    return pipeline.waitFor(Timeouts.CEILING).orElseThrow();
  }

  private static List<ExitStatus> all(ExitStatus status, int count) {
    return Collections.nCopies(count, status);
  }

  @Test
  @Contract("C9")
  void dataGoesThroughAllPartsWhole() throws Exception {
    byte[] data = new byte[MUCH];
    new Random(5).nextBytes(data);
    Pipeline pipeline = Pipeline.of(cat().stdin(Stdio.pipe()), cat(), cat().stdout(Stdio.pipe()));
    try (ChildPipeline children = pipeline.spawn()) {
      Await.Running<Boolean> writer = Await.start(() -> {
        children.stdin().write(data);
        children.stdin().close();
        return true;
      });
      assertArrayEquals(data, children.stdout().readAllBytes());
      assertTrue(Await.get(writer.result()));
      assertEquals(all(new Exited(0), 3), end(children).parts());
    }
  }

  @Test
  @Contract({"C8", "C9"})
  void thisJvmHasNoEndOfThePipesBetweenTheParts() throws Exception {
    // With another child, what the library gives back after an idle time is there before.
    try (ChildProcess other = Run.cat().spawn()) {
      Map<Integer, String> before = Descriptors.open();
      try (ChildPipeline children =
          Pipeline.of(cat().stdin(Stdio.pipe()), cat(), cat(), cat()).spawn()) {
        assertFalse(children.parts().get(0).stdout().isOpen());
        Map<Integer, String> more = Descriptors.open();
        more.keySet().removeAll(before.keySet());
        for (ChildProcess part : children.parts()) {
          more.remove(part.fd());
        }
        // A guardian or an event queue may have been opened; they are no pipes.
        more.values().removeIf(file -> !file.contains("pipe") && !file.equals("?"));
        assertTrue(more.size() <= 1, () -> "more than the pipe to the first part: " + more);
        children.stdin().close();
        assertEquals(all(new Exited(0), 4), end(children).parts());
      }
      Run.assertEchoes(other);
    }
  }

  @Test
  @Contract("C9")
  void anEndlessPartEndsWithItsReader() throws Exception {
    Pipeline pipeline =
        Pipeline.of(sh("exec yes"), Spawner.of("head", "-n", "1").stdout(Stdio.pipe()));
    try (ChildPipeline children = pipeline.spawn()) {
      assertEquals("y", Text.all(children.stdout()));
      PipelineStatus status = end(children);
      assertEquals(List.of(Run.signaled(Signal.PIPE), new Exited(0)), status.parts());
      assertTrue(status.isSuccess());
    }
    try (ChildPipeline children = pipeline.pipefail(true).spawn()) {
      PipelineStatus status = end(children);
      assertEquals(Run.signaled(Signal.PIPE), status.status());
      assertFalse(status.isSuccess());
    }
  }

  @Test
  @Contract({"C4", "C5"})
  void allStatusesAreReportedInOrder() throws Exception {
    Pipeline pipeline =
        Pipeline.of(sh("exit 3"), sh("exit 0"), sh("exit 4"), sh("read -r line; exit 0"));
    try (ChildPipeline children = pipeline.pipefail(true).spawn()) {
      PipelineStatus status = Await.get(children.onExit());
      assertEquals(
          List.of(new Exited(3), new Exited(0), new Exited(4), new Exited(0)), status.parts());
      assertEquals(new Exited(4), status.status());
      assertEquals(status, children.waitFor());
      assertEquals(Optional.of(status), children.waitFor(Duration.ZERO));
      assertEquals(Optional.of(status), children.poll());
      assertFalse(children.isAlive());
      assertFalse(children.signal(Signal.TERM), "all have ended");
    }
    try (ChildPipeline children = pipeline.spawn()) {
      assertEquals(new Exited(0), end(children).status(), "the last part's");
    }
  }

  @Test
  @Contract({"C4", "C5"})
  void onePartThatRunsIsEnough() throws Exception {
    Pipeline pipeline =
        Pipeline.of(sh("exit 1"), sh("read -r line; exec sleep 1000"), sh("exec cat"));
    try (ChildPipeline children = pipeline.spawn()) {
      CompletableFuture<PipelineStatus> end = children.onExit();
      assertEquals(new Exited(1), Run.end(children.parts().get(0)));
      assertTrue(children.isAlive());
      assertTrue(children.poll().isEmpty());
      assertTrue(children.waitFor(Duration.ofMillis(1)).isEmpty());
      assertFalse(end.isDone());
      assertTrue(children.signal(Signal.TERM));
      assertEquals(new Exited(1), Await.get(end).parts().get(0));
    }
  }

  @Test
  @Contract("C6")
  void closeKillsAllParts() throws Exception {
    ChildPipeline children = Pipeline.of(staying(), staying(), staying()).spawn();
    CompletableFuture<PipelineStatus> end = children.onExit();
    children.close();
    List<ExitStatus> killed = all(Run.signaled(Signal.KILL), 3);
    assertEquals(killed, children.poll().orElseThrow().parts(), "reaped when it returns");
    assertEquals(killed, Await.get(end).parts());
    children.close();
  }

  @Test
  @Contract("C6")
  @SuppressWarnings("try") // The test closes the pipeline before the block ends.
  void closeHasTheEffectThatEachPartSets() throws Exception {
    try (ChildPipeline children =
        Pipeline.of(staying().onClose(OnClose.RELEASE), staying()).spawn()) {
      ChildProcess released = children.parts().get(0);
      try (var other = released.duplicate()) {
        children.close();
        assertTrue(other.isAlive());
        assertEquals(
            Optional.of(Run.signaled(Signal.KILL)), children.parts().get(1).poll());
        other.kill();
        assertEquals(Run.signaled(Signal.KILL), other.waitFor());
      }
    }
  }

  /**
   * Tests that the parts get the signal together: the first one ignores it, and ends because the
   * last one does.
   */
  @Test
  @Contract("C3")
  void aTeardownIsOfAllPartsAtOnce() throws Exception {
    Pipeline pipeline = Pipeline.of(
        sh("trap '' TERM; echo ready; exec yes"),
        sh("read -r line; echo $line; exec sleep 1000").stdout(Stdio.pipe()));
    try (ChildPipeline children = pipeline.spawn()) {
      assertEquals("ready", Text.line(children.stdout()));
      PipelineStatus status =
          children.shutdown(Teardown.of(Signal.TERM, Duration.ofDays(1)).then(Signal.KILL));
      assertEquals(List.of(Run.signaled(Signal.PIPE), Run.signaled(Signal.TERM)), status.parts());
    }
  }

  @Test
  @Contract("C3")
  void aTeardownKillsThePartsThatAreLeft() throws Exception {
    Pipeline pipeline = Pipeline.of(
        sh("trap '' TERM; echo ready; exec sleep 1000").stderr(Stdio.nullDevice()),
        sh("trap '' TERM; read -r line; echo $line; exec sleep 1000").stdout(Stdio.pipe()));
    try (ChildPipeline children = pipeline.spawn()) {
      assertEquals("ready", Text.line(children.stdout()));
      assertEquals(
          all(Run.signaled(Signal.KILL), 2),
          children.shutdown(Teardown.of(Signal.TERM, Duration.ofMillis(1))).parts());
      assertEquals(
          all(Run.signaled(Signal.KILL), 2),
          children.shutdown(Teardown.of(Signal.TERM, Duration.ofMillis(1))).parts(),
          "no effect after the end");
    }
  }

  @Test
  @Contract("C3")
  void allPartsAreInOneProcessGroup() throws Exception {
    Requires.feature(Feature.SIGNAL_GROUP);
    Pipeline pipeline = Pipeline.of(staying(), staying(), staying());
    try (ChildPipeline children = pipeline.newProcessGroup().spawn()) {
      assertTrue(children.signalGroup(Signal.TERM));
      assertEquals(all(Run.signaled(Signal.TERM), 3), end(children).parts());
    }
    try (ChildPipeline children = pipeline.newProcessGroup().spawn()) {
      assertEquals(
          all(Run.signaled(Signal.TERM), 3),
          children
              .shutdown(Teardown.of(Signal.TERM, Duration.ofDays(1)).ofGroup())
              .parts());
    }
    try (ChildPipeline children = pipeline.spawn()) {
      assertThrows(IllegalStateException.class, () -> children.signalGroup(Signal.TERM));
      Teardown teardown = Teardown.of(Signal.TERM, Duration.ZERO).ofGroup();
      assertThrows(IllegalStateException.class, () -> children.shutdown(teardown));
      assertTrue(children.isAlive());
    }
  }

  @Test
  @Contract("C6")
  void closeKillsTheWholeGroup() throws Exception {
    Requires.feature(Feature.KILL_GROUP);
    try (RawPipe held = RawPipe.open()) {
      Spawner first = sh("sleep 1000 & echo begun >&3; exit 0")
          .descriptor(3, held.writer())
          .onClose(OnClose.KILL_GROUP);
      Spawner last =
          sh("sleep 1000 & echo begun >&3; exec sleep 1000").descriptor(3, held.writer());
      try (ChildPipeline children = Pipeline.of(first, last).newProcessGroup().spawn()) {
        held.given();
        assertEquals("begun", held.line());
        assertEquals("begun", held.line());
        assertEquals(new Exited(0), Run.end(children.parts().get(0)));
        assertTrue(held.isHeld());
      }
      held.awaitEnd();
    }
  }

  @Test
  @Contract({"C3", "C9"})
  void thePartsJoinTheGroupOfAFirstPartThatHasEnded() throws Exception {
    Requires.feature(Feature.SIGNAL_GROUP);
    try (ChildPipeline children = startAfterFirst(fifo(directory))) {
      ChildProcess leader = children.parts().get(0);
      assertTrue(leader.signalGroup(Signal.TERM), "the others are in the first part's group");
      assertEquals(
          List.of(new Exited(7), Run.signaled(Signal.TERM), Run.signaled(Signal.TERM)),
          end(children).parts());
    }
  }

  @Test
  @Tag(Tags.JVM)
  @Contract({"C2", "C3"})
  void thePartsHaveOneGroupAlsoIfTheFirstIsReapedByOthers() {
    Requires.feature(Feature.SIGNAL_GROUP);
    ChildJvm.of(ReapedByOthers.class, directory.toString()).run();
  }

  /** Ignores SIGCHLD, so that Linux reaps the first part when it ends. */
  public static final class ReapedByOthers implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      Path fifo = fifo(Path.of(arguments[0]));
      Libc.C.signal(Signal.CHLD.number(), Libc.SIG_IGN);
      try (ChildPipeline children = startAfterFirst(fifo)) {
        assertTrue(children.signalGroup(Signal.TERM));
        List<ExitStatus> statuses = end(children).parts();
        if (!(statuses.get(1) instanceof ExitStatus.Unknown)) {
          assertEquals(all(Run.signaled(Signal.TERM), 2), statuses.subList(1, 3));
        }
      }
    }
  }

  private static Path fifo(Path directory) throws Exception {
    Path fifo = directory.resolve("fifo");
    assertEquals("", Run.output(Run.sh("exec mkfifo \"$1\"", fifo.toString())));
    return fifo;
  }

  /**
   * Starts a pipeline with a process group, the second part of it when the first one has ended, and
   * when the library has reaped what it reaps.
   */
  private static ChildPipeline startAfterFirst(Path fifo) throws Exception {
    try (RawPipe held = RawPipe.open()) {
      Spawner first = sh("exit 7").descriptor(3, held.writer());
      Spawner second = staying().descriptor(4, Stdio.fromFile(fifo));
      Pipeline pipeline = Pipeline.of(first, second, staying()).newProcessGroup();
      Await.Running<ChildPipeline> start = Await.start(pipeline::spawn);
      Await.inside(start.thread(), "openFile");
      held.given();
      held.awaitEnd();
      awaitReapingOfOthers();
      // The FIFO is opened twice if the group of the first part is gone.
      OutputStream writer = Files.newOutputStream(fifo);
      ChildPipeline children = Await.get(start.result());
      writer.close();
      return children;
    }
  }

  /**
   * Waits until the library has reaped a child that no thread waits for, and so all that have ended
   * before. Then it releases the pipe that this child would read.
   */
  private static void awaitReapingOfOthers() throws IOException {
    Set<Integer> before = Descriptors.open().keySet();
    try (ChildProcess other = Run.ordinary(sh("exit 0")).stdin(Stdio.pipe()).spawn()) {
      Set<Integer> pipe = Descriptors.open().keySet();
      pipe.removeAll(before);
      pipe.remove(other.fd());
      Await.until(
          "the library has reaped a child", () -> pipe.stream().noneMatch(Descriptors::isOpen));
      other.stdin().close();
    }
  }

  @ParameterizedTest
  @CsvSource({"0,KILL", "1,KILL", "2,KILL", "1,RELEASE", "2,RELEASE"})
  @Contract({"C8", "C9"})
  void aMissingPartLeavesNothingOfTheOthers(int position, OnClose onClose) throws Exception {
    // With another child, what the library gives back after an idle time is there before.
    try (ChildProcess other = Run.cat().spawn()) {
      Set<Long> children = Children.all().keySet();
      for (int round = 0; round < 3; round++) {
        List<Spawner> parts = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
          Spawner part = i == position ? Spawner.of("/no/such/program") : staying();
          parts.add(part.onClose(onClose).stderr(Stdio.pipe()));
        }
        parts.set(0, parts.get(0).stdin(Stdio.pipe()).descriptor(5, Stdio.pipeFromChild()));
        Map<Integer, String> before = Descriptors.open();
        SpawnException thrown =
            assertThrows(SpawnException.class, () -> Pipeline.of(parts).spawn().close());
        assertEquals(Errors.number(Errno.ENOENT), thrown.errno(), thrown.toString());
        assertEquals(children, Children.all().keySet());
        if (round > 0) {
          // The first round may have opened what the library retains.
          assertEquals(before, Descriptors.open());
        }
      }
      Run.assertEchoes(other);
    }
  }

  @Test
  @Tag(Tags.JVM)
  @Contract({"C8", "C9"})
  void aPipelineWithoutFreeDescriptorsLeavesNothing() {
    ChildJvm.of(NoDescriptorsLeft.class).run();
  }

  /** Leaves no free descriptor, then one, then two, until a pipeline can be started. */
  public static final class NoDescriptorsLeft implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      assertTrue(works(), "this also opens what is retained");
      waitForOutput();
      ReflectionSupport.findAllClassesInPackage("dev.procdesc", each -> true, name -> true);
      Set<Long> children = Children.all().keySet();
      Descriptors.setLimit(Collections.max(Descriptors.open().keySet()) + 50);
      List<Integer> taken = new ArrayList<>();
      for (int fd = Libc.C.dup(0); fd != -1; fd = Libc.C.dup(0)) {
        taken.add(fd);
      }
      assertEquals(Errno.EMFILE, Libc.errno());
      int failures = 0;
      while (!works()) {
        Descriptors.close(taken.remove(taken.size() - 1));
        failures++;
      }
      assertTrue(failures > 3, "a pipeline needs more descriptors than its first part");
      // The same number must suffice again, unless a failure or a success leaks a descriptor.
      for (int i = 0; i < 20; i++) {
        Await.until("the descriptors of the last pipeline are free", NoDescriptorsLeft::works);
      }
      taken.forEach(Descriptors::close);
      assertEquals(children, Children.all().keySet());
    }

    /** Blocks in a read, for which the library opens a pipe and retains it. */
    private static void waitForOutput() throws Exception {
      try (ChildProcess child =
              Run.ordinary(cat()).stdin(Stdio.pipe()).stdout(Stdio.pipe()).spawn();
          PipeInput output = child.stdout()) {
        Await.Running<String> read = Await.start(() -> Text.all(output));
        Await.inside(read.thread(), "poll");
        child.stdin().close();
        assertEquals("", Await.get(read.result()));
        assertEquals(new Exited(0), Run.end(child));
      }
    }

    private static boolean works() {
      Spawner first = Run.ordinary(sh("echo line; exec cat")).stdin(Stdio.nullDevice());
      Spawner last = Run.ordinary(cat()).stdout(Stdio.pipe());
      try (ChildPipeline children =
              Pipeline.of(first, Run.ordinary(cat()), last).spawn();
          PipeInput output = children.stdout()) {
        assertEquals("line", Text.all(output));
        assertEquals(all(new Exited(0), 3), end(children).parts());
        return true;
      } catch (SpawnException e) {
        assertEquals(Errno.EMFILE, Errno.valueOf(e.errno()), e.toString());
        return false;
      } catch (IOException | InterruptedException e) {
        throw new AssertionError(e);
      }
    }
  }

  @Test
  @Contract("C9")
  void contradictionsAreRefused() {
    assertThrows(IllegalArgumentException.class, Pipeline::of);
    Spawner plain = cat();
    assertRefused(
        "part 1 of the pipeline, /bin/cat, sets standard output",
        () -> Pipeline.of(plain.stdout(Stdio.nullDevice()), plain));
    assertRefused(
        "part 2 of the pipeline, /bin/cat, sets standard input",
        () -> Pipeline.of(plain, plain.stdin(Stdio.inherit()), plain));
    assertRefused(
        "part 2 of the pipeline, /bin/cat, sets standard output",
        () -> Pipeline.of(plain, plain.stdout(Stdio.pipeToChild()), plain));
    assertRefused(
        "part 2 of the pipeline, /bin/cat, sets a session",
        () -> Pipeline.of(plain, plain.newSession()).newProcessGroup());
    assertRefused(
        "part 1 of the pipeline, /bin/cat, sets a session",
        () -> Pipeline.of(plain.newProcessGroup(), plain).newProcessGroup());
    assertRefused(
        "part 2 of the pipeline, /bin/cat, sets OnClose.KILL_GROUP",
        () -> Pipeline.of(plain, plain.onClose(OnClose.KILL_GROUP)).newProcessGroup());
    Pipeline.of(
        plain.stdout(Stdio.pipe()), plain.stdin(Stdio.pipe()).stdout(Stdio.pipeFromChild()), plain);
  }

  private static void assertRefused(String message, Executable of) {
    IllegalArgumentException thrown = assertThrows(IllegalArgumentException.class, of);
    assertTrue(String.valueOf(thrown.getMessage()).startsWith(message), thrown.toString());
  }

  @Test
  @Contract("C9")
  void standardErrorCanGoToTheNextPart() throws Exception {
    Spawner first = sh("echo out; echo err >&2").stderr(Stdio.stdout());
    try (ChildPipeline children = Pipeline.of(first, cat().stdout(Stdio.pipe())).spawn()) {
      assertEquals("out\nerr", Text.all(children.stdout()));
      assertEquals(all(new Exited(0), 2), end(children).parts());
    }
  }

  @Test
  @Contract("C6")
  void theOutputKeepsAllPartsReachable() throws Exception {
    List<WeakReference<ChildProcess>> parts = new ArrayList<>();
    try (PipeInput output = spawnForgotten(parts)) {
      for (int i = 0; i < 5; i++) {
        System.gc();
        for (WeakReference<ChildProcess> part : parts) {
          assertNotNull(part.get());
        }
      }
      for (WeakReference<ChildProcess> part : parts) {
        ChildProcess child = part.get();
        assertNotNull(child);
        child.close();
      }
      assertFalse(output.isOpen(), "the last part was closed");
    }
  }

  private static PipeInput spawnForgotten(List<WeakReference<ChildProcess>> parts)
      throws IOException {
    ChildPipeline children =
        Pipeline.of(staying(), staying(), staying().stdout(Stdio.pipe())).spawn();
    children.parts().forEach(part -> parts.add(new WeakReference<>(part)));
    return children.stdout();
  }

  @Test
  @Contract({"C4", "C9"})
  void aRunHasTheResultsOfAllParts() throws Exception {
    Spawner first = sh("cat; echo first >&2; exit 3");
    Spawner second = sh("cat; echo second >&2");
    CompletedPipeline run =
        Pipeline.of(first, second, Spawner.of("sort")).run(RunOptions.defaults().input("b\na\n"));
    assertEquals("a\nb\n", run.stdoutText());
    assertEquals(
        List.of("first\n", "second\n", ""),
        run.parts().stream().map(CompletedProcess::stderrText).toList());
    assertEquals(
        List.of("", "", "a\nb\n"),
        run.parts().stream().map(CompletedProcess::stdoutText).toList());
    assertEquals(
        List.of(new Exited(3), new Exited(0), new Exited(0)), run.statuses().parts());
    assertSame(run, run.orThrow(), "the last part succeeded");
    CompletedPipeline failed =
        Await.get(Pipeline.of(first, second).pipefail(true).runAsync(RunOptions.defaults()));
    FailedProcessException thrown = assertThrows(FailedProcessException.class, failed::orThrow);
    assertEquals(new Exited(3), thrown.status());
    assertEquals("first\n", thrown.stderrText());
    assertEquals("", Pipeline.of(cat(), cat()).run().orThrow().stdoutText(), "no input");
  }

  @Test
  @Contract("C9")
  void aFailureOfARunEndsAllParts() throws Exception {
    Pipeline endless = Pipeline.of(sh("exec yes"), sh("exec sleep 1000"));
    Teardown gently = Teardown.of(Signal.TERM, Duration.ofDays(1));
    RunTimeoutException timeout = assertThrows(
        RunTimeoutException.class,
        () -> endless.run(RunOptions.defaults().timeout(Duration.ofMillis(50), gently)));
    String message = String.valueOf(timeout.getMessage());
    assertTrue(
        message.startsWith("/bin/sh -c 'exec yes' | /bin/sh -c 'exec sleep 1000' was not"),
        message);
    OutputLimitException limit = assertThrows(
        OutputLimitException.class,
        () -> Pipeline.of(sh("exec yes"), cat())
            .run(RunOptions.defaults().stdout(Capture.atMost(10))));
    assertEquals(List.of("/bin/cat"), limit.command());
    assertEquals("y\ny\ny\ny\ny\n", limit.stdoutText());
    OutputLimitException errors = assertThrows(
        OutputLimitException.class,
        () -> Pipeline.of(sh("exec yes >&2"), cat())
            .run(RunOptions.defaults().stderr(Capture.atMost(10))));
    assertEquals(List.of("/bin/sh", "-c", "exec yes >&2"), errors.command());
    assertThrows(
        SpawnException.class,
        () -> Pipeline.of(staying(), Spawner.of("/no/such/program")).run());
    CompletableFuture<CompletedPipeline> cancelled = endless.runAsync(RunOptions.defaults());
    cancelled.cancel(false); // The leak check waits for the end of both parts.
  }
}
