package dev.procdesc.compat.c07_death;

import static dev.procdesc.compat.support.Liveness.assertAlive;
import static dev.procdesc.compat.support.Liveness.assertDead;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.DescriptorChannel;
import dev.procdesc.OnClose;
import dev.procdesc.Signal;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Rounds;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.Children;
import dev.procdesc.compat.support.ConcurrentCallers;
import dev.procdesc.compat.support.DescriptorShortage;
import dev.procdesc.compat.support.Descriptors;
import dev.procdesc.compat.support.GuardianProcess;
import dev.procdesc.compat.support.Holder;
import dev.procdesc.compat.support.KillableJvm;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Liveness;
import dev.procdesc.compat.support.Mechanisms;
import dev.procdesc.compat.support.Poll;
import dev.procdesc.compat.support.RawPipe;
import dev.procdesc.compat.support.Scenario;
import dev.procdesc.compat.support.Text;
import dev.procdesc.testing.Await;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A guardian that is killed is replaced; one that is stopped still kills once it continues. */
@ExtendWith(LeakCheck.class)
@Tag(Tags.GUARDIAN)
@Tag(Tags.JVM)
@Tag(Tags.LONG)
final class GuardianReplacementTest {
  /** The number of children that are spawned meanwhile. */
  private static final int COUNT = Rounds.areMany() ? 1000 : 200;

  private static final int SPAWNING_THREADS = 4;

  /** More messages than the queue of a socket holds by default. */
  private static final int MORE_THAN_A_QUEUE = 600;

  @BeforeEach
  void requireProcesses() {
    Requires.file("/proc/self/cmdline");
  }

  /** The ways to send messages to a guardian. */
  static Stream<String> mechanisms() {
    return Mechanisms.all().filter(names -> names.isEmpty() || names.equals("sender_pidfd"));
  }

  private static ChildJvm jvm(Class<? extends Scenario> scenario, String... arguments) {
    return Mechanisms.guardian(KillableJvm.cheap(ChildJvm.of(scenario, arguments)));
  }

  private static long self() {
    return ProcessHandle.current().pid();
  }

  /**
   * Spawns from several threads while another one kills every guardian that it finds. Once there
   * are enough children, it spawns and closes more until enough guardians were killed.
   */
  public static final class Spawns implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      int count = Integer.parseInt(arguments[0]);
      Random random = new Random(Long.parseLong(arguments[1]));
      int enough = count / 10;
      Process bystander = new ProcessBuilder("/bin/cat").start();
      Spawner released = Spawner.of("/bin/sh", "-c", "read line <&4")
          .descriptor(KillableJvm.LEASH, Stdio.descriptor(KillableJvm.LEASH))
          .onClose(OnClose.RELEASE);
      List<ChildProcess> others = List.of(released.spawn(), released.spawn());
      ConcurrentLinkedQueue<ChildProcess> children = new ConcurrentLinkedQueue<>();
      AtomicInteger toGo = new AtomicInteger(count);
      AtomicInteger kills = new AtomicInteger();
      List<Long> killed = new ArrayList<>();
      try (ConcurrentCallers<Void> crowd = new ConcurrentCallers<>(Thread::new)) {
        for (int i = 0; i < SPAWNING_THREADS; i++) {
          crowd.add(() -> {
            while (toGo.getAndDecrement() > 0) {
              children.add(KillableJvm.child(KillableJvm.STAY).spawn());
            }
            while (kills.get() < enough) {
              KillableJvm.child("read line <&4").spawn().close();
            }
            return null;
          });
        }
        while (toGo.get() > 0 || kills.get() < enough) {
          kill(killed);
          kills.set(killed.size());
          // Waits for nothing: it only varies the moment of the kill.
          LockSupport.parkNanos(random.nextInt(40_000_000));
        }
        crowd.results();
      }
      assertEquals(count, children.size());
      assertEquals(killed.size(), new TreeSet<>(killed).size());
      for (ChildProcess child : children) {
        assertAlive(child);
      }
      others.forEach(Liveness::assertAlive);
      assertEquals(
          "well", Text.echo(bystander.getOutputStream(), bystander.getInputStream(), "well"));
      Await.until("there is a guardian", () -> GuardianProcess.hasOther(self(), killed));
      KillableJvm.say("killed " + killed.size());
      ParentJvm.awaitOrder();
    }

    private static void kill(List<Long> killed) {
      Optional<GuardianProcess> guardian = GuardianProcess.find(self());
      guardian.ifPresent(found -> {
        try (found) {
          if (found.signal(Signal.KILL)) {
            killed.add(found.pid());
            assertDead(found);
          }
        }
      });
    }
  }

  @ParameterizedTest(name = "without {0}")
  @MethodSource("mechanisms")
  @Contract("C7")
  void killedWhileChildrenAreSpawned(String without) throws Exception {
    long seed = System.nanoTime();
    try (KillableJvm jvm = KillableJvm.start(Mechanisms.without(
        "autokill,autokill_nnp" + (without.isEmpty() ? "" : "," + without),
        jvm(Spawns.class, "" + COUNT, "" + seed)))) {
      int killed = Integer.parseInt(jvm.awaitValue("killed"));
      jvm.await("c", COUNT);
      assertTrue(jvm.output().contains("ended unexpectedly"), jvm::toString);
      assertFalse(jvm.output().contains("could not"), jvm::toString);
      jvm.killAndAwaitEnd();
      System.out.println("  " + killed + " guardians killed during " + COUNT + " spawns");
    } catch (AssertionError e) {
      throw new AssertionError("seed " + seed, e);
    }
  }

  /** Kills the guardian of a JVM and waits until the JVM has another one. */
  private static void replace(KillableJvm jvm) {
    replace(jvm.pid());
  }

  private static void replace(long jvm) {
    try (GuardianProcess old = GuardianProcess.of(jvm)) {
      assertTrue(old.signal(Signal.KILL));
      Await.until(
          "there is another guardian", () -> GuardianProcess.hasOther(jvm, List.of(old.pid())));
    }
  }

  @Test
  @Contract("C7")
  void theNextOneIsToldOfAllRegistrations() throws Exception {
    try (KillableJvm jvm =
        KillableJvm.start(Mechanisms.guardian(ParentJvm.with(MORE_THAN_A_QUEUE)))) {
      jvm.await("ready", 1);
      jvm.await("c", MORE_THAN_A_QUEUE);
      for (int i = 1; i <= 3; i++) {
        int reports = i;
        replace(jvm);
        // One that is killed before it is ready is replaced without a report.
        Await.until(
            "the guardian has them", () -> lines(jvm, MORE_THAN_A_QUEUE + " children") == reports);
      }
      jvm.order("count");
      assertEquals("" + MORE_THAN_A_QUEUE, jvm.awaitValue("alive"));
      jvm.killAndAwaitEnd();
    }
  }

  @ParameterizedTest(name = "without {0}")
  @MethodSource("mechanisms")
  @Contract({"C6", "C7", "C10"})
  void theNextOneIsToldWhatOthersHoldToo(String without) throws Exception {
    ChildJvm holder = Mechanisms.guardian(
        Mechanisms.without(without, ChildJvm.of(Holder.Scene.class).flag("-XX:-UsePerfData")));
    try (RawPipe heart = RawPipe.open();
        DescriptorChannel.Pair ab = DescriptorChannel.pair();
        Holder a = Holder.jvm(holder, ab.first(), -1, heart.writeEnd());
        Holder b = Holder.python(ab.second())) {
      heart.given();
      ab.first().close();
      ab.second().close();
      a.order("spawn");
      a.order("drop-heart");
      a.order("send handed");
      assertEquals("handed 2 0", b.ask("receive"), "the process and its lifeline");
      // Each guardian hands the lifeline to the next, which must not count as its end.
      for (int i = 0; i < 3; i++) {
        replace(a.process().pid());
        a.order("guard");
        assertAlive(heart);
      }
      a.kill();
      assertAlive(heart); // The last guardian knows that another process holds it.
      b.exit();
      assertDead(heart);
    }
  }

  private static long lines(KillableJvm jvm, String part) {
    return jvm.output().lines().filter(line -> line.contains(part)).count();
  }

  @Test
  @Contract("C7")
  void noSignalThatMayBeIgnoredEndsIt() throws Exception {
    try (KillableJvm jvm = KillableJvm.start(Mechanisms.guardian(ParentJvm.with(5)))) {
      jvm.await("ready", 1);
      jvm.await("c", 5);
      try (GuardianProcess guardian = GuardianProcess.of(jvm.pid())) {
        for (Signal signal : Signal.standard()) {
          if (!signal.equals(Signal.KILL) && !signal.equals(Signal.STOP)) {
            assertTrue(guardian.signal(signal));
          }
        }
        jvm.killAndAwaitEnd();
        assertDead(guardian);
      }
      assertEquals(0, lines(jvm, "ended unexpectedly"), jvm::toString);
    }
  }

  /** Spawns until the queue of the guardian is full, which no process reads. */
  public static final class Floods implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      Spawner spawner = KillableJvm.child(KillableJvm.STAY);
      List<ChildProcess> children = new ArrayList<>(List.of(spawner.spawn()));
      KillableJvm.say("ready");
      ParentJvm.awaitOrder();
      while (!Thread.interrupted()) {
        children.add(spawner.spawn());
        KillableJvm.say("spawned");
      }
      assertEquals(children.size(), -1);
    }
  }

  @Test
  @Contract("C7")
  void aChildThatIsStuckInItsStartDiesToo() throws Exception {
    // The queue is full, so a child blocks in the kernel between fork and exec when the JVM dies.
    // The guardian gets all messages when it continues.
    try (KillableJvm jvm = KillableJvm.start(jvm(Floods.class))) {
      jvm.await("ready", 1);
      try (GuardianProcess guardian = GuardianProcess.of(jvm.pid())) {
        assertTrue(guardian.signal(Signal.STOP));
        try {
          Await.until("it is stopped", () -> Children.state(guardian.pid()).equals("T"));
          jvm.order("go");
          Await.until("a child is stuck", () -> jvm.isHeld() && isStuck(jvm));
          jvm.signal(Signal.KILL);
          assertEquals(-Signal.KILL.number(), jvm.exitCode());
          assertTrue(jvm.isHeld());
        } finally {
          guardian.signal(Signal.CONT);
        }
        jvm.awaitEnd();
        assertDead(guardian);
        assertTrue(jvm.heard("c") >= jvm.heard("spawned"), jvm::toString);
      }
    }
  }

  /** Returns whether a child of a JVM blocks before its program is executed. */
  private static boolean isStuck(KillableJvm jvm) {
    int before = jvm.heard("spawned");
    return before > 0
        && !Await.holds(
            Duration.ofMillis(500), () -> !jvm.isHeld() || jvm.heard("spawned") > before);
  }

  /** Loses its guardian many times. */
  public static final class Leaks implements Scenario {
    private static final int TIMES = 20;

    @Override
    public void run(String... arguments) throws Exception {
      try (ChildProcess child = KillableJvm.child(KillableJvm.STAY).spawn()) {
        // The report of the first loss loads classes of the JDK that keep a descriptor open. It is
        // complete when the second loss has been handled.
        replace(self());
        replace(self());
        awaitOneGuardian();
        Map<Integer, String> before = Descriptors.open();
        for (int i = 0; i < TIMES; i++) {
          replace(self());
        }
        Await.until(
            "not more descriptors than before: " + before,
            () -> Descriptors.open().size() <= before.size());
        awaitOneGuardian();
        assertAlive(child);
        assertEquals(0, Poll.now(child.fd()));
      }
    }

    private static void awaitOneGuardian() {
      Await.until("one guardian and one child", () -> Children.all().size() == 2);
    }
  }

  @Test
  @Contract({"C7", "C8"})
  void nothingIsLeftOfThoseThatWereReplaced() throws Exception {
    try (KillableJvm jvm = KillableJvm.start(jvm(Leaks.class))) {
      jvm.awaitEnd();
      assertEquals(0, jvm.exitCode(), jvm::toString);
    }
  }

  /** Cannot start another guardian until a shortage of descriptors is over. */
  public static final class Shortage implements Scenario {
    @Override
    public void run(String... arguments) throws Throwable {
      Spawner spawner = KillableJvm.child(KillableJvm.STAY);
      List<ChildProcess> children = new ArrayList<>(List.of(spawner.spawn()));
      // Loads and links the classes that the shortage needs: each may take a descriptor.
      assertEquals(0, Poll.now(children.get(0).fd()));
      try (GuardianProcess first = GuardianProcess.of(self())) {
        killAndAwaitOrder(first, "rehearsal");
      }
      awaitAnother();
      try (GuardianProcess guardian = GuardianProcess.of(self())) {
        DescriptorShortage.during(1, () -> killAndAwaitOrder(guardian, "shortage"));
      }
      awaitAnother();
      children.add(spawner.spawn());
      KillableJvm.say("ready");
      ParentJvm.awaitOrder();
      assertEquals(2, children.size());
    }

    private static void killAndAwaitOrder(GuardianProcess guardian, String word)
        throws IOException {
      assertTrue(guardian.signal(Signal.KILL));
      assertDead(guardian);
      KillableJvm.say(word);
      ParentJvm.awaitOrder();
    }

    private static void awaitAnother() {
      Await.until(
          "there is another one, without a spawn",
          () -> GuardianProcess.hasOther(self(), List.of()));
    }
  }

  @Test
  @Contract("C7")
  void whatHindersAReplacementMayPass() throws Exception {
    try (KillableJvm jvm = KillableJvm.start(jvm(Shortage.class))) {
      jvm.await("rehearsal", 1);
      Await.until("the first loss is reported", () -> lines(jvm, "a new one guards") == 1);
      jvm.order("go");
      jvm.await("shortage", 1);
      Await.until("the loss is reported", () -> lines(jvm, "cannot be replaced") == 1);
      jvm.order("go");
      jvm.await("ready", 1);
      jvm.await("c", 2);
      jvm.killAndAwaitEnd();
    }
  }
}
