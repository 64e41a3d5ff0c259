package dev.procdesc.compat.c09_start;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.ExitStatus.Signaled;
import dev.procdesc.Signal;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Scenario;
import dev.procdesc.testing.Timeouts;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Tests what the first spawn of a JVM loads. */
@ExtendWith(LeakCheck.class)
final class FirstSpawnTest {
  /**
   * A class that the JVM makes for a lambda of the library; the suite and the simulation may have
   * them.
   */
  private static final Pattern LAMBDA = Pattern.compile(
      ".*\\bdev\\.procdesc\\.(?!compat\\.|testing\\.|posix\\.ffi\\.Simulation\\b)\\S*\\$\\$Lambda.*");

  private static void assertLinksNoLambda(Class<? extends Scenario> scenario) {
    List<String> loaded =
        ChildJvm.of(scenario).flag("-Xlog:class+load:stdout").run().lines().toList();
    assertTrue(
        loaded.stream().anyMatch(line -> line.contains(ChildProcess.class.getName())),
        "the JVM logs the classes");
    List<String> lambdas = loaded.stream().filter(LAMBDA.asMatchPredicate()).toList();
    assertEquals(List.of(), lambdas, "each costs a cold JVM a millisecond, the first one ten");
  }

  @Test
  @Tag(Tags.JVM)
  @Contract("C9")
  void itLinksNoLambda() {
    assertLinksNoLambda(Spawn.class);
  }

  @Test
  @Tag(Tags.JVM)
  @Contract("C9")
  void commonOptionsLinkNoLambda() {
    assertLinksNoLambda(SpawnWithOptions.class);
  }

  /** Spawns a child without options, waits for it and closes it. */
  public static final class Spawn implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      try (ChildProcess child = Spawner.of("/bin/sh", "-c", "exit 3").spawn()) {
        assertEquals(new Exited(3), child.waitFor());
      }
    }
  }

  /** Spawns a child that is found in PATH, exchanges data with it and ends it. */
  public static final class SpawnWithOptions implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      try (ChildProcess child = Spawner.of("sh", "-c", "cat; exec sleep 1000")
          .directory(Path.of("/"))
          .environment("NAME", "value")
          .stdin(Stdio.pipe())
          .stdout(Stdio.pipe())
          .spawn()) {
        child.stdin().write('x');
        child.stdin().close();
        assertEquals('x', child.stdout().read());
        assertTrue(child.signal(Signal.TERM));
        ExitStatus status = new Signaled(Signal.TERM, false);
        assertEquals(status, child.onExit().get());
        assertEquals(Optional.of(status), child.waitFor(Timeouts.CEILING));
      }
    }
  }
}
