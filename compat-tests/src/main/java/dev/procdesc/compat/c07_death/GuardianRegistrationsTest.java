package dev.procdesc.compat.c07_death;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.Feature;
import dev.procdesc.OnClose;
import dev.procdesc.Platform;
import dev.procdesc.Signal;
import dev.procdesc.SpawnException;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.Timeouts;
import dev.procdesc.compat.support.Await;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.Children;
import dev.procdesc.compat.support.ConcurrentCallers;
import dev.procdesc.compat.support.Descriptors;
import dev.procdesc.compat.support.GuardianProcess;
import dev.procdesc.compat.support.KillMechanisms;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Linux;
import dev.procdesc.compat.support.RawPipe;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scenario;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What a child that is to die with the JVM costs, and that nothing of it stays when it has gone.
 */
@ExtendWith(LeakCheck.class)
@Tag(Tags.GUARDIAN)
@Tag(Tags.JVM)
@Tag(Tags.LONG)
final class GuardianRegistrationsTest {
  /** As many as any test has at the same time. */
  private static final int WAITERS = 8;

  private static final Spawner STAYS = Spawner.of("/bin/cat")
      .stdin(Stdio.pipe())
      .stdout(Stdio.nullDevice())
      .stderr(Stdio.nullDevice());

  /** The ways to speak to a guardian. */
  static Stream<String> rungs() {
    return KillMechanisms.all().filter(names -> names.isEmpty() || names.equals("sender_pidfd"));
  }

  private static void run(Class<? extends Scenario> scenario, String without) {
    String names = "autokill,autokill_nnp" + (without.isEmpty() ? "" : "," + without);
    KillMechanisms.without(names, KillMechanisms.guardian(ChildJvm.of(scenario)))
        .run();
  }

  /** A scenario that looks at this JVM's guardian, which is there and has no charge. */
  private abstract static class Guarded implements Scenario {
    @Override
    public final void run(String... arguments) throws Exception {
      Requires.that(Files.exists(Path.of("/proc/self/fd")), "/proc/self/fd");
      try (ChildProcess first = STAYS.spawn();
          ConcurrentCallers<ExitStatus> waiters = new ConcurrentCallers<>(Thread::new)) {
        // What wakes the threads that wait at the same time is kept.
        for (int i = 0; i < WAITERS; i++) {
          waiters.add(first::waitFor);
        }
        waiters.awaitBlocked();
        first.stdin().close();
        waiters.results();
      }
      Await.until("the guardian is alone", () -> Children.all().size() == 1);
      try (GuardianProcess guardian = GuardianProcess.of(ProcessHandle.current().pid())) {
        // Its own: the set that it waits for, the socket, the JVM.
        Await.until("it has no charge", () -> guardian.descriptors() <= 3);
        play(guardian);
        assertTrue(guardian.isAlive());
      }
    }

    abstract void play(GuardianProcess guardian) throws Exception;

    static void awaitCount(String what, long expected, LongSupplier count) {
      Await.until(
          what + " are " + expected + ", not " + count.getAsLong(),
          () -> count.getAsLong() == expected);
    }
  }

  @ParameterizedTest(name = "without {0}")
  @MethodSource("rungs")
  @Contract("C7")
  void failedSpawnsLeaveNoCharge(String without) {
    run(Fails.class, without);
  }

  /** Fails at the program, at the directory, and within a group. */
  public static final class Fails extends Guarded {
    private static final int COUNT = 250;

    @Override
    void play(GuardianProcess guardian) {
      long before = guardian.descriptors();
      Map<Integer, String> own = Descriptors.open();
      Spawner nowhere = Spawner.of("/nowhere/at/all");
      List<Spawner> failing = new ArrayList<>();
      failing.add(nowhere);
      failing.add(Spawner.of("procdesc-no-such-program"));
      failing.add(Spawner.of(Run.TRUE).directory(Path.of("/nowhere/at/all")));
      // The guardian keeps the charge of a group although the leader has gone, unless it is told.
      if (Platform.current().has(Feature.KILL_GROUP)) {
        failing.add(nowhere.newProcessGroup().onClose(OnClose.KILL_GROUP));
      }
      for (int i = 0; i < COUNT; i++) {
        for (Spawner spawner : failing) {
          assertThrows(SpawnException.class, () -> spawner.spawn().close());
        }
      }
      awaitCount("the guardian's descriptors", before, guardian::descriptors);
      assertEquals(own, Descriptors.open());
      assertEquals(1, Children.all().size(), () -> Children.all().toString());
    }
  }

  @ParameterizedTest(name = "without {0}")
  @MethodSource("rungs")
  @Contract("C7")
  void childrenThatEndInAnyOrderLeaveNoCharge(String without) {
    run(Ends.class, without);
  }

  /** Lets many children end, or ends them, in a random order and from several threads. */
  public static final class Ends extends Guarded {
    private static final int COUNT = 500;
    private static final int THREADS = 4;

    @Override
    void play(GuardianProcess guardian) throws Exception {
      long seed = System.nanoTime();
      System.out.println("seed " + seed);
      Random random = new Random(seed);
      long before = guardian.descriptors();
      List<ChildProcess> children = new ArrayList<>();
      for (int i = 0; i < COUNT; i++) {
        children.add(STAYS.spawn());
      }
      awaitCount("its descriptors", before + COUNT, guardian::descriptors);
      Collections.shuffle(children, random);
      try (ConcurrentCallers<Void> crowd = new ConcurrentCallers<>(Thread::new)) {
        for (int i = 0; i < THREADS; i++) {
          List<ChildProcess> part =
              children.subList(i * COUNT / THREADS, (i + 1) * COUNT / THREADS);
          crowd.add(() -> {
            for (ChildProcess child : part) {
              end(child);
            }
            return null;
          });
        }
        crowd.results();
      }
      awaitCount("its descriptors", before, guardian::descriptors);
      Await.until("the guardian is alone", () -> Children.all().size() == 1);
    }

    private static void end(ChildProcess child) throws Exception {
      switch ((int) (child.pid() % 3)) {
        case 0 -> {
          child.stdin().close();
          assertEquals(new Exited(0), Run.end(child));
          child.close();
        }
        case 1 -> {
          assertTrue(child.kill());
          child.close();
        }
        default -> child.close();
      }
    }
  }

  @ParameterizedTest(name = "without {0}")
  @MethodSource("rungs")
  @Contract("C7")
  void closedGroupsLeaveNoCharge(String without) {
    Requires.feature(Feature.KILL_GROUP);
    run(Groups.class, without);
  }

  /** Groups, whose charges the guardian keeps beyond the end of the child, until the close. */
  public static final class Groups extends Guarded {
    private static final int COUNT = 100;

    @Override
    void play(GuardianProcess guardian) throws Exception {
      long before = guardian.descriptors();
      Map<Integer, String> own = Descriptors.open();
      for (int i = 0; i < COUNT; i++) {
        try (ChildProcess child =
            STAYS.newProcessGroup().onClose(OnClose.KILL_GROUP).spawn()) {
          if (i % 2 == 0) {
            child.stdin().close();
            assertEquals(new Exited(0), Run.end(child));
          }
        }
      }
      awaitCount("its descriptors", before, guardian::descriptors);
      if (!Await.holds(Timeouts.CEILING, () -> Descriptors.open().equals(own))) {
        assertEquals(own, Descriptors.open());
      }
    }
  }

  @Test
  @Contract("C6")
  void closeKillsWithoutTheGuardian() {
    run(Closes.class, "");
  }

  /** Closes while the guardian is stopped. */
  public static final class Closes extends Guarded {
    @Override
    void play(GuardianProcess guardian) throws Exception {
      assertTrue(guardian.signal(Signal.STOP));
      try (RawPipe pipe = RawPipe.open()) {
        Await.until("it is stopped", () -> Children.state(guardian.pid()).equals("T"));
        ChildProcess child = STAYS.stdout(pipe.writer()).spawn();
        pipe.given();
        child.close();
        pipe.awaitEnd();
        Await.until("no zombie is left", () -> Children.all().size() == 1);
      } finally {
        guardian.signal(Signal.CONT);
      }
      Await.until("it has no charge", () -> guardian.descriptors() <= 3);
    }
  }

  @ParameterizedTest(name = "without {0}")
  @MethodSource("rungs")
  @Contract({"C7", "C8"})
  void aChildCostsTheJvmOneDescriptor(String without) {
    run(Costs.class, without);
  }

  /** Counts the descriptors of this JVM. */
  public static final class Costs extends Guarded {
    private static final int COUNT = 200;

    @Override
    void play(GuardianProcess guardian) throws Exception {
      try (RawPipe leash = RawPipe.open()) {
        Spawner held = STAYS.stdin(Stdio.descriptor(leash.readEnd()));
        int before = Descriptors.open().size();
        List<ChildProcess> children = new ArrayList<>();
        for (int i = 0; i < COUNT; i++) {
          children.add(held.spawn());
        }
        assertEquals(before + COUNT, Descriptors.open().size());
        Path status = Path.of("/proc/" + guardian.pid() + "/status");
        System.out.println(
            "guardian of " + COUNT + ": VmRSS " + Linux.field(Files.readString(status), "VmRSS"));
        children.forEach(ChildProcess::close);
        Await.until("as many as before", () -> Descriptors.open().size() == before);
      }
    }
  }
}
