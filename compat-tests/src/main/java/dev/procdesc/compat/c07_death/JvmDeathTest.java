package dev.procdesc.compat.c07_death;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.Feature;
import dev.procdesc.OnClose;
import dev.procdesc.Signal;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Origin;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Rounds;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.Descriptors;
import dev.procdesc.compat.support.HostChild;
import dev.procdesc.compat.support.KillableJvm;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Mechanisms;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scenario;
import dev.procdesc.compat.support.Text;
import dev.procdesc.testing.Await;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
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
 * No child outlives the JVM, whatever the JVM dies of and whenever.
 *
 * <p>In the quick tests the children hold the JVM's standard output, whose end of file shows that
 * the last one has exited. In the others they ignore every signal but SIGKILL, and share no
 * terminal and no pipe with the JVM whose end could make them exit.
 */
@ExtendWith(LeakCheck.class)
@Tag(Tags.JVM)
final class JvmDeathTest {
  private static final int CHILDREN = 5;

  private static final int SPAWNING_THREADS = 4;

  static Stream<String> mechanisms() {
    return Mechanisms.all();
  }

  /** The ways in which a JVM dies. */
  enum Cause {
    /** Calls {@code System.exit}, which runs shutdown hooks. */
    EXIT,
    /** Calls {@code Runtime.halt}, which runs none. */
    HALT,
    /** Throws an error that the main thread does not catch. */
    ERROR,
    /** Gets SIGKILL, which cannot be caught. */
    KILL
  }

  /** Starts children that do not exit by themselves, prints their number, and dies. */
  public static final class Dies implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      OnClose onClose = OnClose.valueOf(arguments[1]);
      // At the death of this JVM the input ends. A child that is killed then prints nothing.
      Spawner spawner =
          Spawner.of("/bin/sh", "-c", "cat; echo survived").stdin(Stdio.pipe()).onClose(onClose);
      if (onClose == OnClose.KILL) {
        spawner = Spawner.of("/bin/sleep", "1000").stdin(Stdio.nullDevice()).onClose(onClose);
      } else if (onClose == OnClose.KILL_GROUP) {
        spawner = Spawner.of("/bin/sh", "-c", "sleep 1000 & sleep 1000 & wait")
            .stdin(Stdio.nullDevice())
            .newProcessGroup()
            .onClose(onClose);
      }
      List<ChildProcess> children = new ArrayList<>();
      for (int i = 0; i < CHILDREN; i++) {
        children.add(spawner.spawn());
      }
      System.out.println("started " + children.size());
      System.out.flush();
      switch (Cause.valueOf(arguments[0])) {
        case EXIT -> System.exit(0);
        case HALT -> Runtime.getRuntime().halt(0);
        case ERROR -> throw new StackOverflowError("on purpose");
        case KILL -> kill();
      }
    }

    private static void kill() throws Exception {
      String pid = Long.toString(ProcessHandle.current().pid());
      try (ChildProcess killer =
          Spawner.of("/bin/sh", "-c", "kill -KILL " + pid).spawn()) {
        killer.waitFor();
      }
    }
  }

  /** Runs {@link Dies}; returns all that it and its children have printed until the last exited. */
  private static String lastWords(Cause cause, OnClose onClose) throws Exception {
    // Not with ProcessBuilder, which closes its end of the pipe when the JVM exits.
    try (ChildProcess jvm = Run.piped(
            Spawner.of(ChildJvm.of(Dies.class, cause.name(), onClose.name()).command()))
        .spawn()) {
      jvm.stdin().close();
      return Text.all(jvm.stdout());
    }
  }

  @ParameterizedTest
  @EnumSource(Cause.class)
  @Contract("C7")
  @Origin("capsicum-test: Pdfork.Bagpuss")
  void theChildrenDieWithTheJvm(Cause cause) throws Exception {
    Requires.feature(Feature.KILL_ON_JVM_DEATH);
    assertEquals("started " + CHILDREN, lastWords(cause, OnClose.KILL));
  }

  @ParameterizedTest
  @EnumSource(Cause.class)
  @Contract("C7")
  void theGroupsDieWithTheJvm(Cause cause) throws Exception {
    Requires.feature(Feature.KILL_ON_JVM_DEATH);
    Requires.feature(Feature.KILL_GROUP);
    assertEquals("started " + CHILDREN, lastWords(cause, OnClose.KILL_GROUP));
  }

  @ParameterizedTest
  @EnumSource(Cause.class)
  @Contract("C7")
  @Origin("capsicum-test: Pdfork.BagpussDaemon")
  void releasedChildrenLiveOn(Cause cause) throws Exception {
    assertEquals(
        "started " + CHILDREN + "\nsurvived".repeat(CHILDREN), lastWords(cause, OnClose.RELEASE));
  }

  @ParameterizedTest(name = "without {0}")
  @Tag(Tags.LONG)
  @MethodSource("mechanisms")
  @Contract("C7")
  void killedWithOneChild(String without) throws Exception {
    killed(without, 1, Rounds.COUNT);
  }

  @ParameterizedTest(name = "without {0}")
  @Tag(Tags.LONG)
  @MethodSource("mechanisms")
  @Contract("C7")
  void killedWithAHundredChildren(String without) throws Exception {
    killed(without, 100, Math.max(2, Rounds.COUNT / 10));
  }

  @Test
  @Tag(Tags.LONG)
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
          KillableJvm.start(Mechanisms.without(without, ParentJvm.with(count)))) {
        jvm.await("ready", 1);
        jvm.await("c", count);
        longest = longer(longest, jvm.killAndAwaitEnd());
        assertEquals(-Signal.KILL.number(), jvm.exitCode(), jvm::toString);
      }
    }
    print(rounds + " JVMs with " + count + " children", without, longest);
  }

  private static Duration longer(Duration one, Duration other) {
    return one.compareTo(other) > 0 ? one : other;
  }

  private static void print(String what, String without, Duration longest) {
    System.out.printf(
        "  %s%s: the last child was dead after %.1f ms%n",
        what, without.isEmpty() ? "" : " without " + without, longest.toNanos() / 1e6);
  }

  /** Spawns in several threads, which close the children that they spawned a while ago. */
  public static final class Spawns implements Scenario {
    /** The largest number of children that a thread has. */
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
      } catch (Throwable e) {
        e.printStackTrace();
        KillableJvm.say("failed");
      }
    }
  }

  @ParameterizedTest(name = "without {0}")
  @Tag(Tags.LONG)
  @MethodSource("mechanisms")
  @Contract("C7")
  void killedInTheMiddleOfSpawning(String without) throws Exception {
    Requires.feature(Feature.KILL_ON_JVM_DEATH);
    long seed = System.nanoTime();
    Random random = new Random(seed);
    Duration longest = Duration.ZERO;
    int seen = 0;
    ChildJvm command = Mechanisms.without(without, KillableJvm.cheap(ChildJvm.of(Spawns.class)));
    for (int i = 0; i < Rounds.COUNT; i++) {
      try (KillableJvm jvm = KillableJvm.start(command)) {
        jvm.await("ready", 1);
        // One JVM in five dies while it starts its guardian and its first children.
        int children = i % 5 == 0 ? 0 : random.nextInt(150);
        jvm.await("c", children);
        // Waits for nothing: it only varies the moment of the death.
        LockSupport.parkNanos(random.nextInt(children == 0 ? 200_000_000 : 3_000_000));
        Duration end = jvm.killAndAwaitEnd();
        longest = longer(longest, end);
        assertEquals(0, jvm.heard("failed"), jvm::toString);
        seen += jvm.heard("c");
      } catch (AssertionError e) {
        throw new AssertionError("round " + i + " of seed " + seed, e);
      }
    }
    print(Rounds.COUNT + " spawning JVMs with " + seen + " children", without, longest);
  }

  /** The ways in which a JVM exits, or crashes. */
  enum Ending {
    /** Calls {@code System.exit}, which runs shutdown hooks. */
    EXIT("exit", 7, ""),
    /** Calls {@code Runtime.halt}, which runs none. */
    HALT("halt", 8, ""),
    /** Throws an error that the main thread does not catch. */
    UNCAUGHT("throw", 1, ""),
    /** Returns from the main thread at the end of its input. */
    RETURN("", 0, ""),
    /** Runs out of memory, with the flag to exit then. */
    MEMORY_EXIT("devour", 3, "-XX:+ExitOnOutOfMemoryError"),
    /** Runs out of memory, with the flag to crash then. */
    MEMORY_CRASH("devour", -6, "-XX:+CrashOnOutOfMemoryError");

    private final String order;
    private final int exitCode;
    private final String flag;

    Ending(String order, int exitCode, String flag) {
      this.order = order;
      this.exitCode = exitCode;
      this.flag = flag;
    }
  }

  @ParameterizedTest
  @Tag(Tags.LONG)
  @EnumSource(Ending.class)
  @Contract("C7")
  void diesOf(Ending ending, @TempDir Path directory) throws Exception {
    Requires.feature(Feature.KILL_ON_JVM_DEATH);
    ChildJvm command = ParentJvm.with(20)
        .startedBy("ulimit -c 0; exec \"$@\"")
        .flag("-XX:ErrorFile=" + directory.resolve("crash.log"));
    if (!ending.flag.isEmpty()) {
      command.flag(ending.flag);
    }
    try (KillableJvm jvm = KillableJvm.start(command)) {
      jvm.await("ready", 1);
      jvm.await("c", 20);
      if (ending == Ending.RETURN) {
        jvm.endOrders();
      } else {
        jvm.order(ending.order);
      }
      jvm.awaitEnd();
      assertEquals(ending.exitCode, jvm.exitCode(), jvm::toString);
    }
  }

  /** Skips the test if a signal is ignored here, as under nohup: the JVM would ignore it too. */
  private static void requireNotIgnored(Signal signal) {
    String name = signal.name().substring("SIG".length());
    try (HostChild child = HostChild.start("kill -" + name + " $$; exit 9")) {
      Requires.that(child.waitpid() == signal.number(), "a run that does not ignore " + signal);
    }
  }

  @ParameterizedTest
  @Tag(Tags.LONG)
  @ValueSource(strings = {"SIGHUP", "SIGINT", "SIGTERM"})
  @Contract("C7")
  void diesOfASignal(String name) throws Exception {
    Requires.feature(Feature.KILL_ON_JVM_DEATH);
    Signal signal = Signal.of(name);
    requireNotIgnored(signal);
    try (KillableJvm jvm = KillableJvm.start(ParentJvm.with(20))) {
      jvm.await("ready", 1);
      jvm.await("c", 20);
      jvm.signal(signal);
      jvm.awaitEnd();
      assertEquals(128 + signal.number(), jvm.exitCode(), jvm::toString);
    }
  }

  @ParameterizedTest
  @Tag(Tags.LONG)
  @ValueSource(strings = {"SIGHUP", "SIGINT", "SIGTERM"})
  @Contract("C7")
  void aSignalComesToTheWholeGroup(String name) throws Exception {
    // As from a terminal. The process that kills the children must survive the signal.
    Requires.feature(Feature.KILL_ON_JVM_DEATH);
    Signal signal = Signal.of(name);
    requireNotIgnored(signal);
    try (KillableJvm jvm = KillableJvm.start(ParentJvm.with("lead", "count=20"))) {
      jvm.await("ready", 1);
      jvm.await("c", 20);
      jvm.signalGroup(signal);
      jvm.awaitEnd();
      assertEquals(128 + signal.number(), jvm.exitCode(), jvm::toString);
    }
  }

  @ParameterizedTest
  @Tag(Tags.LONG)
  @ValueSource(booleans = {false, true})
  @Contract("C7")
  void quitOnlyPrintsTheThreads(boolean group) throws Exception {
    Requires.feature(Feature.KILL_ON_JVM_DEATH);
    try (KillableJvm jvm = KillableJvm.start(ParentJvm.with("lead", "count=20"))) {
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
  @Tag(Tags.LONG)
  @Contract("C7")
  void releasedChildrenOutliveAKilledJvm() throws Exception {
    try (KillableJvm jvm = KillableJvm.start(ParentJvm.with(
        "count=5", "script=echo c >&3; read line <&4; echo b >&3", "onClose=RELEASE"))) {
      jvm.await("ready", 1);
      jvm.await("c", 5);
      jvm.signal(Signal.KILL);
      assertEquals(-Signal.KILL.number(), jvm.exitCode(), jvm::toString);
      assertTrue(jvm.isHeld());
      jvm.letGo();
      jvm.await("b", 5);
      jvm.awaitEnd();
    }
  }
}
