package dev.procdesc.compat.c07_death;

import static dev.procdesc.compat.support.Liveness.assertAlive;
import static dev.procdesc.compat.support.Liveness.assertDead;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.procdesc.ChildProcess;
import dev.procdesc.Platform;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Rounds;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.Children;
import dev.procdesc.compat.support.ConcurrentCallers;
import dev.procdesc.compat.support.Descriptors;
import dev.procdesc.compat.support.GuardianProcess;
import dev.procdesc.compat.support.KillableJvm;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.LibraryThreads;
import dev.procdesc.compat.support.Mechanisms;
import dev.procdesc.compat.support.Scenario;
import dev.procdesc.testing.Await;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A guardian without children exits after a while, and the next child gets another one. */
@ExtendWith(LeakCheck.class)
@Tag(Tags.GUARDIAN)
@Tag(Tags.JVM)
final class GuardianIdleTest {
  private static final int THREADS = 3;
  private static final int ROUNDS = Rounds.areMany() ? 2_000 : 150;

  @BeforeEach
  void requireProcesses() {
    Requires.file("/proc/self/cmdline");
  }

  private static KillableJvm start(Class<? extends Scenario> scenario, String idle)
      throws Exception {
    ChildJvm jvm = Mechanisms.guardian(KillableJvm.cheap(ChildJvm.of(scenario)));
    return KillableJvm.start(jvm.property("dev.procdesc.idle", idle));
  }

  /** Ends one guardian by idleness, and leaves a child with the next one. */
  public static final class Returns implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      long self = ProcessHandle.current().pid();
      Map<Integer, String> before = null;
      for (int i = 0; i < 3; i++) {
        GuardianProcess guardian;
        try (ChildProcess child = KillableJvm.child("read line <&4").spawn()) {
          guardian = GuardianProcess.of(self);
          assertAlive(child);
          assertAlive(guardian);
        }
        try (guardian) {
          assertDead(guardian);
        }
        Await.until(
            "no process is left, not even a zombie", () -> Children.all().isEmpty());
        // Its thread closes the descriptors after it has reaped the guardian.
        Await.until("no thread is left", () -> LibraryThreads.names().isEmpty());
        Map<Integer, String> first = before;
        if (first == null) {
          before = Descriptors.open();
        } else {
          Await.until(
              "no descriptor is left", () -> Descriptors.open().keySet().equals(first.keySet()));
        }
      }
      KillableJvm.child(KillableJvm.STAY).spawn();
      KillableJvm.say("ready");
      ParentJvm.awaitOrder();
    }
  }

  @Test
  @Contract({"C7", "C8"})
  void anIdleGuardianExitsAndIsReplacedOnNeed() throws Exception {
    try (KillableJvm jvm = start(Returns.class, "PT0.05S")) {
      jvm.await("ready", 1);
      jvm.await("c", 1);
      jvm.killAndAwaitEnd();
    }
  }

  /** Lists the children of a JVM. */
  public static final class Lists implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      Platform platform = Platform.current();
      assertEquals(Optional.empty(), platform.guardian());
      try (ChildProcess child = KillableJvm.child("read line <&4").spawn()) {
        ProcessHandle guardian = platform.guardian().orElseThrow();
        assertEquals(
            Set.of(guardian.pid(), child.pid()),
            ProcessHandle.current().children().map(ProcessHandle::pid).collect(Collectors.toSet()));
        try (GuardianProcess seen = GuardianProcess.of(ProcessHandle.current().pid())) {
          assertEquals(seen.pid(), guardian.pid());
        }
      }
      Await.until("the guardian has exited", () -> platform.guardian().isEmpty());
      Await.until("it is no child", () -> ProcessHandle.current().children().count() == 0);
      KillableJvm.say("listed");
    }
  }

  @Test
  @Contract("C7")
  void theGuardianIsToldFromTheOtherChildren() throws Exception {
    try (KillableJvm jvm = start(Lists.class, "PT0.5S")) {
      jvm.await("listed", 1);
    }
  }

  /** Spawns from several threads while guardians are dismissed, and leaves some children. */
  public static final class Races implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      long seed = System.nanoTime();
      System.out.println("seed " + seed);
      try (ConcurrentCallers<Void> crowd = new ConcurrentCallers<>(Thread::new)) {
        for (int i = 0; i < THREADS; i++) {
          Random random = new Random(seed + i);
          crowd.add(() -> {
            for (int round = 0; round < ROUNDS; round++) {
              try (ChildProcess child = KillableJvm.child("read line <&4").spawn()) {
                // A guardian with a charge is not dismissed, so one is there. The one that is found
                // may be an earlier one that is about to exit.
                GuardianProcess.of(ProcessHandle.current().pid()).close();
                assertAlive(child);
              }
              KillableJvm.say("round"); // The test waits for a word, not for all the work.
              // Waits for nothing: it only varies the moment of the next spawn.
              LockSupport.parkNanos(random.nextInt(8_000_000));
            }
            KillableJvm.child(KillableJvm.STAY).spawn();
            return null;
          });
        }
        crowd.results();
      }
      KillableJvm.say("ready");
      ParentJvm.awaitOrder();
    }
  }

  @Test
  @Tag(Tags.LONG)
  @Contract("C7")
  void noChildIsUnguardedWhileGuardiansAreDismissed() throws Exception {
    try (KillableJvm jvm = start(Races.class, "PT0.001S")) {
      jvm.await("ready", 1);
      jvm.await("c", THREADS);
      jvm.killAndAwaitEnd();
    }
  }
}
