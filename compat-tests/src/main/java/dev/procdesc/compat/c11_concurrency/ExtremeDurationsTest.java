package dev.procdesc.compat.c11_concurrency;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildPipeline;
import dev.procdesc.ChildProcess;
import dev.procdesc.CompletedProcess;
import dev.procdesc.DescriptorChannel;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.Feature;
import dev.procdesc.Pipeline;
import dev.procdesc.ProcessScope;
import dev.procdesc.RunOptions;
import dev.procdesc.RunTimeoutException;
import dev.procdesc.Signal;
import dev.procdesc.Spawner;
import dev.procdesc.Teardown;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.support.BlockedInput;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Text;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tests that every time limit takes every duration: one that is too long for a count of nanoseconds
 * is no limit, and a negative one has passed.
 */
@ExtendWith(LeakCheck.class)
final class ExtremeDurationsTest {
  private static final RunOptions OPTIONS = RunOptions.defaults();

  private static final List<Duration> PASSED = List.of(
      Duration.ofSeconds(Long.MIN_VALUE), Duration.ofNanos(Long.MIN_VALUE), Duration.ofNanos(-1));

  private static final List<Duration> ENDLESS =
      List.of(Duration.ofSeconds(Long.MAX_VALUE, 999_999_999), Duration.ofNanos(Long.MAX_VALUE));

  /** Returns a pipeline of two programs that echo, and end with their input. */
  private static ChildPipeline echoing() throws Exception {
    return Pipeline.of(Run.cat(), Run.cat()).spawn();
  }

  @Test
  @Contract("C11")
  void theWaitForAPipeline() throws Exception {
    for (Duration limit : ENDLESS) {
      try (ChildPipeline pipeline = echoing()) {
        for (Duration passed : PASSED) {
          assertEquals(Optional.empty(), pipeline.waitFor(passed));
        }
        pipeline.stdin().close();
        assertTrue(pipeline.waitFor(limit).isPresent());
        for (Duration passed : PASSED) {
          assertTrue(pipeline.waitFor(passed).isPresent());
        }
      }
    }
  }

  @Test
  @Contract({"C3", "C11"})
  void theShutdownOfAPipeline() throws Exception {
    // They take a while, and longer than no time.
    String handle = "trap 'sleep 0.2; exit 3' TERM; ";
    Spawner first = Run.sh(handle + "echo up; while :; do :; done");
    Spawner second = Run.sh(handle + "read line; echo $line; while :; do :; done");
    for (Duration limit : ENDLESS) {
      try (ChildPipeline pipeline = Pipeline.of(first, second).spawn()) {
        assertEquals("up", Text.line(pipeline.stdout()));
        var end = pipeline.shutdown(Teardown.of(Signal.TERM, limit));
        assertEquals(List.of(new Exited(3), new Exited(3)), end.parts());
      }
    }
  }

  @Test
  @Contract("C3")
  void aStoppedPartOfAPipelineHandlesTheSignal() throws Exception {
    Spawner handling = Run.sh("trap 'exit 3' TERM; echo up; while :; do :; done");
    try (ChildPipeline pipeline = Pipeline.of(handling, Run.cat()).spawn()) {
      assertEquals("up", Text.line(pipeline.stdout()));
      assertTrue(pipeline.parts().get(0).signal(Signal.STOP));
      var end = pipeline.shutdown(Teardown.of(Signal.TERM, ENDLESS.get(0)));
      assertEquals(new Exited(3), end.parts().get(0));
    }
  }

  @Test
  @Contract("C11")
  void theWaitsOfAScope() throws Exception {
    for (Duration limit : ENDLESS) {
      try (ProcessScope scope = ProcessScope.open()) {
        ChildProcess child = scope.spawn(Run.cat());
        for (Duration passed : PASSED) {
          assertEquals(Optional.empty(), scope.awaitAll(passed));
          assertEquals(Optional.empty(), scope.awaitAny(passed));
        }
        child.stdin().close();
        assertEquals(Optional.of(child), scope.awaitAny(limit));
        assertEquals(Optional.of(List.of()), scope.awaitAll(limit));
      }
    }
  }

  @Test
  @Contract({"C9", "C11"})
  void theTimeLimitOfARun() throws Exception {
    for (Duration limit : ENDLESS) {
      assertEquals(new Exited(3), Run.sh("exit 3").run(OPTIONS.timeout(limit)).status());
    }
    for (Duration passed : PASSED) {
      assertThrows(
          RunTimeoutException.class,
          () -> Spawner.of("/bin/sleep", "1000").run(OPTIONS.timeout(passed)));
    }
  }

  @Test
  @Contract({"C9", "C11"})
  void theTimeForTheOutputAfterTheExit() throws Exception {
    Spawner late =
        Spawner.of("/bin/sh", "-c", "exec 3<&0; (read line <&3; sleep 0.3; echo $line) & exit 0");
    for (Duration limit : ENDLESS) {
      CompletedProcess run = late.run(OPTIONS.input("late\n").outputAfterExit(limit));
      assertEquals("late\n", run.stdoutText());
      assertTrue(run.outputComplete());
    }
    for (Duration passed : PASSED) {
      assertFalse(
          late.run(OPTIONS.input(new BlockedInput("")).outputAfterExit(passed)).outputComplete());
    }
  }

  @Test
  @Contract({"C10", "C11"})
  void theWaitsOfAChannel(@TempDir Path directory) throws Exception {
    Requires.feature(Feature.DESCRIPTOR_CHANNEL);
    Path path = directory.resolve("socket");
    for (Duration limit : ENDLESS) {
      try (DescriptorChannel.Listener listener = DescriptorChannel.listen(path)) {
        for (Duration passed : PASSED) {
          assertEquals(Optional.empty(), listener.accept(passed));
        }
        try (DescriptorChannel client = DescriptorChannel.connect(path);
            DescriptorChannel server = listener.accept(limit).orElseThrow()) {
          for (Duration passed : PASSED) {
            assertEquals(Optional.empty(), client.receive(passed));
            assertTrue(server.send(passed, new byte[1]));
            client.receive(limit).orElseThrow().close();
          }
          assertTrue(server.send(limit, new byte[1]));
          client.receive(limit).orElseThrow().close();
          while (server.send(PASSED.get(0), new byte[1000])) {
            // Until there is no room.
          }
        }
      }
    }
  }
}
