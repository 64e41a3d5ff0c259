package dev.procdesc.compat.c07_death;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.Feature;
import dev.procdesc.Signal;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Rounds;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.Await;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.Descriptors;
import dev.procdesc.compat.support.HostChild;
import dev.procdesc.compat.support.KillMechanisms;
import dev.procdesc.compat.support.KillableJvm;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Scenario;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Whatever the JVM dies of, and at whatever moment: no child outlives it. The children hear no
 * signal but SIGKILL, and share no terminal and no pipe with the JVM whose end could end them.
 */
@ExtendWith(LeakCheck.class)
@Tag(Tags.JVM)
@Tag(Tags.LONG)
final class DeathOfJvmTest {
  private static final int SPAWNING_THREADS = 4;

  static Stream<String> rungs() {
    return KillMechanisms.all();
  }

  @ParameterizedTest(name = "without {0}")
  @MethodSource("rungs")
  @Contract("C7")
  void killedWithOneChild(String without) throws Exception {
    killed(without, 1, Rounds.COUNT);
  }

  @ParameterizedTest(name = "without {0}")
  @MethodSource("rungs")
  @Contract("C7")
  void killedWithAHundredChildren(String without) throws Exception {
    killed(without, 100, Math.max(2, Rounds.COUNT / 10));
  }

  @Test
  @Tag(Tags.MANY_ROUNDS)
  @Contract("C7")
  void killedWithFiveThousandChildren() throws Exception {
    Requires.that(Rounds.areMany(), "-Dprocdesc.rounds=100 or more");
    Requires.that(Descriptors.limit() > 6000, "a limit of more than 6,000 descriptors");
    killed("", 5000, 2);
  }

  private static void killed(String without, int count, int rounds) throws Exception {
    Requires.feature(Feature.KILL_ON_JVM_DEATH);
    Duration longest = Duration.ZERO;
    for (int i = 0; i < rounds; i++) {
      try (KillableJvm jvm =
          KillableJvm.start(KillMechanisms.without(without, DeathParent.with(count)))) {
        jvm.await("ready", 1);
        jvm.await("c", count);
        longest = longer(longest, jvm.killAndAwaitEnd());
        assertEquals(-Signal.KILL.number(), jvm.exitCode());
      }
    }
    tell(rounds + " JVMs with " + count + " children", without, longest);
  }

  private static Duration longer(Duration one, Duration other) {
    return one.compareTo(other) > 0 ? one : other;
  }

  private static void tell(String what, String without, Duration longest) {
    System.out.printf(
        "  %s%s: the last child has gone after %.1f ms%n",
        what, without.isEmpty() ? "" : " without " + without, longest.toNanos() / 1e6);
  }

  /** Several threads spawn, and close what they spawned a while ago. */
  public static final class Spawns implements Scenario {
    /** As many as each thread has at most. */
    private static final int KEEP = 16;

    @Override
    public void run(String... arguments) throws Exception {
      KillableJvm.say("ready");
      for (int i = 0; i < SPAWNING_THREADS; i++) {
        new Thread(Spawns::spawn).start();
      }
    }

    private static void spawn() {
      Deque<ChildProcess> children = new ArrayDeque<>();
      try {
        while (true) {
          children.add(KillableJvm.child(KillableJvm.STAY).spawn());
          if (children.size() > KEEP) {
            children.remove().close();
          }
        }
      } catch (Exception e) {
        e.printStackTrace();
        KillableJvm.say("failed");
      }
    }
  }

  @ParameterizedTest(name = "without {0}")
  @MethodSource("rungs")
  @Contract("C7")
  void killedInTheMiddleOfSpawning(String without) throws Exception {
    Requires.feature(Feature.KILL_ON_JVM_DEATH);
    long seed = System.nanoTime();
    Random random = new Random(seed);
    Duration longest = Duration.ZERO;
    int seen = 0;
    ChildJvm command =
        KillMechanisms.without(without, KillableJvm.cheap(ChildJvm.of(Spawns.class)));
    for (int i = 0; i < Rounds.COUNT; i++) {
      try (KillableJvm jvm = KillableJvm.start(command)) {
        jvm.await("ready", 1);
        // One in five dies while it starts its guardian and its first children.
        int children = i % 5 == 0 ? 0 : random.nextInt(150);
        jvm.await("c", children);
        // Not to wait for anything, but not to be in step with the children either.
        LockSupport.parkNanos(random.nextInt(children == 0 ? 200_000_000 : 3_000_000));
        Duration end = jvm.killAndAwaitEnd();
        longest = longer(longest, end);
        assertEquals(0, jvm.heard("failed"), jvm::toString);
        seen += jvm.heard("c");
      } catch (AssertionError e) {
        throw new AssertionError("round " + i + " of seed " + seed, e);
      }
    }
    tell(Rounds.COUNT + " spawning JVMs with " + seen + " children", without, longest);
  }

  /** What a JVM may die of. */
  enum Cause {
    /** {@code System.exit}, with shutdown hooks. */
    EXIT("exit", 7, ""),
    /** {@code Runtime.halt}, without. */
    HALT("halt", 8, ""),
    /** An uncaught error in the main thread. */
    UNCAUGHT("throw", 1, ""),
    /** The end of its input: the main thread returns. */
    RETURN("", 0, ""),
    /** Out of memory, told to exit. */
    MEMORY_EXIT("devour", 3, "-XX:+ExitOnOutOfMemoryError"),
    /** Out of memory, told to crash. */
    MEMORY_CRASH("devour", -6, "-XX:+CrashOnOutOfMemoryError");

    private final String order;
    private final int exitCode;
    private final String flag;

    Cause(String order, int exitCode, String flag) {
      this.order = order;
      this.exitCode = exitCode;
      this.flag = flag;
    }
  }

  @ParameterizedTest
  @EnumSource(Cause.class)
  @Contract("C7")
  void diesOf(Cause cause, @TempDir Path directory) throws Exception {
    Requires.feature(Feature.KILL_ON_JVM_DEATH);
    ChildJvm command = DeathParent.with(20)
        .startedBy("ulimit -c 0; exec \"$@\"")
        .flag("-XX:ErrorFile=" + directory.resolve("crash.log"));
    if (!cause.flag.isEmpty()) {
      command.flag(cause.flag);
    }
    try (KillableJvm jvm = KillableJvm.start(command)) {
      jvm.await("ready", 1);
      jvm.await("c", 20);
      if (cause == Cause.RETURN) {
        jvm.endOrders();
      } else {
        jvm.order(cause.order);
      }
      jvm.awaitEnd();
      assertEquals(cause.exitCode, jvm.exitCode(), jvm::toString);
    }
  }

  /** A signal that is ignored here, as by nohup, is ignored by the JVM too. */
  private static void requireNotIgnored(Signal signal) {
    String name = signal.name().substring("SIG".length());
    try (HostChild child = HostChild.start("kill -" + name + " $$; exit 9")) {
      Requires.that(child.waitpid() == signal.number(), "a run that does not ignore " + signal);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"SIGHUP", "SIGINT", "SIGTERM"})
  @Contract("C7")
  void diesOfASignal(String name) throws Exception {
    Requires.feature(Feature.KILL_ON_JVM_DEATH);
    Signal signal = Signal.of(name);
    requireNotIgnored(signal);
    try (KillableJvm jvm = KillableJvm.start(DeathParent.with(20))) {
      jvm.await("ready", 1);
      jvm.await("c", 20);
      jvm.signal(signal);
      jvm.awaitEnd();
      assertEquals(128 + signal.number(), jvm.exitCode());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"SIGHUP", "SIGINT", "SIGTERM"})
  @Contract("C7")
  void aSignalComesToTheWholeGroup(String name) throws Exception {
    // As from a terminal. What kills the children must not have died of it before.
    Requires.feature(Feature.KILL_ON_JVM_DEATH);
    Signal signal = Signal.of(name);
    requireNotIgnored(signal);
    try (KillableJvm jvm = KillableJvm.start(DeathParent.with("lead", "count=20"))) {
      jvm.await("ready", 1);
      jvm.await("c", 20);
      jvm.signalGroup(signal);
      jvm.awaitEnd();
      assertEquals(128 + signal.number(), jvm.exitCode());
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  @Contract("C7")
  void quitOnlyPrintsTheThreads(boolean group) throws Exception {
    Requires.feature(Feature.KILL_ON_JVM_DEATH);
    try (KillableJvm jvm = KillableJvm.start(DeathParent.with("lead", "count=20"))) {
      jvm.await("ready", 1);
      jvm.await("c", 20);
      if (group) {
        jvm.signalGroup(Signal.QUIT);
      } else {
        jvm.signal(Signal.QUIT);
      }
      Await.until("the threads are printed", () -> jvm.output().contains("Full thread dump"));
      jvm.order("count");
      assertEquals("20", jvm.awaitValue("alive"));
      jvm.killAndAwaitEnd();
    }
  }

  @Test
  @Contract("C7")
  void releasedChildrenLiveOn() throws Exception {
    try (KillableJvm jvm = KillableJvm.start(DeathParent.with(
        "count=5", "script=echo c >&3; read line <&4; echo b >&3", "onClose=RELEASE"))) {
      jvm.await("ready", 1);
      jvm.await("c", 5);
      jvm.signal(Signal.KILL);
      assertEquals(-Signal.KILL.number(), jvm.exitCode());
      assertTrue(jvm.isHeld());
      jvm.letGo();
      jvm.await("b", 5);
      jvm.awaitEnd();
    }
  }
}
