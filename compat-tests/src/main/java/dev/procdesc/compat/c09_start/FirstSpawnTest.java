package dev.procdesc.compat.c09_start;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.DeathGuard;
import dev.procdesc.ExitStatus;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.ExitStatus.Signaled;
import dev.procdesc.Platform;
import dev.procdesc.Signal;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.LibraryThreads;
import dev.procdesc.compat.support.Scenario;
import dev.procdesc.testing.Await;
import dev.procdesc.testing.Timeouts;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Tests what the first spawn of a JVM loads. */
@ExtendWith(LeakCheck.class)
final class FirstSpawnTest {
  /** The beginning of a name of the library; the suite and the simulation also have lambdas. */
  private static final String OWN =
      "\\bdev\\.procdesc\\.(?!compat\\.|testing\\.|posix\\.ffi\\.Simulation\\b)";

  /** A class that the JVM makes for a lambda of the library. */
  private static final Pattern LAMBDA = Pattern.compile(".*" + OWN + "\\S*\\$\\$Lambda.*");

  /** A class of the library or of those that it depends on, from a file. */
  private static final Pattern OWN_OR_DEPENDENCY =
      Pattern.compile(".*((?:" + OWN + "|\\bcom\\.kenai\\.jffi\\.|\\bjnr\\.)[^\\s/]+) source: .*");

  /** The classes by which first spawns may differ between systems, kernels and machines. */
  private static final int DIFFERENCE = 10;

  /** Returns what a JVM prints, with a line for each class that it loads. */
  private static Stream<String> classLog(ChildJvm jvm) {
    return jvm.flag("-Xlog:class+load:stdout").run().lines();
  }

  private static void assertLinksNoLambda(Class<? extends Scenario> scenario) {
    List<String> loaded = classLog(ChildJvm.of(scenario)).toList();
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

  @Test
  @Tag(Tags.JVM)
  @Contract("C9")
  void itsClassesAreLoadedAhead() {
    Requires.that(
        System.getProperty("dev.procdesc.disable", "").isEmpty(),
        "all mechanisms of this system, for a usual first spawn");
    Set<String> needed = loaded(Spawn.class, false);
    Set<String> ahead = loaded(Start.class, true);
    assertTrue(needed.contains(ChildProcess.class.getName()), "the JVM logs the classes");
    assertFewLack("not loaded ahead", needed, ahead);
    if (Platform.current().deathGuard() != DeathGuard.GUARDIAN) {
      ahead.removeIf(name -> name.contains(".guardian."));
    }
    assertFewLack("loaded in vain", ahead, needed);
  }

  /** Returns the classes of the library, and of those that it depends on, that a JVM loads. */
  private static Set<String> loaded(Class<? extends Scenario> scenario, boolean preload) {
    ChildJvm jvm = ChildJvm.of(scenario).property("dev.procdesc.preload", String.valueOf(preload));
    return classLog(jvm)
        .map(OWN_OR_DEPENDENCY::matcher)
        .filter(Matcher::matches)
        .map(matcher -> matcher.group(1))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static void assertFewLack(String what, Set<String> of, Set<String> others) {
    Set<String> lack = new TreeSet<>(of);
    lack.removeAll(others);
    assertTrue(
        lack.size() <= DIFFERENCE,
        () -> what + ", see Preload and FirstSpawnClasses: " + String.join(" ", lack));
  }

  /** Starts the library, and waits until it has loaded the classes of a first spawn. */
  public static final class Start implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      Spawner.of("/bin/sh");
      Platform.current();
      Await.until(
          "the classes are loaded", () -> !LibraryThreads.names().contains("procdesc-preload"));
    }
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
