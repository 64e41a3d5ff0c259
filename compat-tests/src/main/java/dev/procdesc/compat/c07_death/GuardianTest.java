package dev.procdesc.compat.c07_death;

import static dev.procdesc.compat.support.Liveness.assertAlive;
import static dev.procdesc.compat.support.Liveness.assertDead;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.DeathGuard;
import dev.procdesc.ExitStatus;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.Feature;
import dev.procdesc.OnClose;
import dev.procdesc.Platform;
import dev.procdesc.ProbeResult;
import dev.procdesc.Signal;
import dev.procdesc.SpawnException;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.UnsupportedFeatureException;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.Children;
import dev.procdesc.compat.support.ConcurrentCallers;
import dev.procdesc.compat.support.DescriptorShortage;
import dev.procdesc.compat.support.Descriptors;
import dev.procdesc.compat.support.GuardianProcess;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Mechanisms;
import dev.procdesc.compat.support.ProcFs;
import dev.procdesc.compat.support.RawPipe;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scenario;
import dev.procdesc.compat.support.Seccomp;
import dev.procdesc.compat.support.Seccomp.Call;
import dev.procdesc.testing.Await;
import dev.procdesc.testing.Timeouts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import jnr.constants.platform.Errno;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The guardian, which kills where the kernel does not: where it cannot be started, the spawn is
 * refused; the registrations it holds are those of the living children and groups, and no more.
 */
@ExtendWith(LeakCheck.class)
@Tag(Tags.GUARDIAN)
@Tag(Tags.JVM)
final class GuardianTest {
  /** The largest number of concurrent waiters in any scenario. */
  private static final int WAITERS = 8;

  private static final Spawner STAYS = Spawner.of("/bin/cat")
      .stdin(Stdio.pipe())
      .stdout(Stdio.nullDevice())
      .stderr(Stdio.nullDevice());

  /** The ways to send messages to a guardian. */
  static Stream<String> mechanisms() {
    return Mechanisms.all().filter(names -> names.isEmpty() || names.equals("sender_pidfd"));
  }

  /** Skips the test where a mechanism that kills at the JVM's death cannot be disabled. */
  private static void requireSwitches() {
    Requires.that(
        Platform.current().mechanisms().stream()
            .map(ProbeResult::name)
            .collect(Collectors.toSet())
            .containsAll(List.of("guardian", "autokill")),
        "a system where the guardian and autokill can be disabled");
  }

  /** Asserts that the library refuses to spawn, and reports why no mechanism kills. */
  private static void assertRefused(String why) throws Exception {
    Platform platform = Platform.current();
    for (OnClose onClose : List.of(OnClose.KILL, OnClose.KILL_GROUP)) {
      if (onClose == OnClose.KILL_GROUP && !platform.has(Feature.KILL_GROUP)) {
        continue;
      }
      Spawner spawner = Run.cat().newProcessGroup().onClose(onClose);
      UnsupportedFeatureException thrown =
          assertThrows(UnsupportedFeatureException.class, () -> spawner.spawn().close());
      assertEquals(Feature.KILL_ON_JVM_DEATH, thrown.feature());
      String message = String.valueOf(thrown.getMessage());
      assertTrue(message.contains(why), "the message names the reason, " + why + ": " + message);
    }
    assertEquals(DeathGuard.NONE, platform.deathGuard());
    assertFalse(platform.has(Feature.KILL_ON_JVM_DEATH));
    assertNotEquals("", platform.report(Feature.KILL_ON_JVM_DEATH).lacks());
    assertEquals(0, Children.all().size(), () -> Children.all().toString());
    try (ChildProcess child = Run.sh("exit 3").onClose(OnClose.RELEASE).spawn()) {
      assertEquals(new Exited(3), Run.end(child));
      child.stdin().close();
      child.stdout().close();
    }
  }

  @Test
  @Contract("C7")
  void everythingIsSwitchedOff() {
    requireSwitches();
    Mechanisms.without("guardian,autokill,autokill_nnp", ChildJvm.of(SwitchedOff.class))
        .run();
  }

  /** Spawns with all mechanisms disabled. */
  public static final class SwitchedOff implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      assertRefused("dev.procdesc.disable");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "MEMFD_CREATE, ENOSYS",
    "MEMFD_CREATE, EPERM",
    "EXECVEAT, ENOSYS",
    "EXECVEAT, EACCES",
    "PIDFD_OPEN, EPERM",
    "SOCKETPAIR, EPERM"
  })
  @Contract("C7")
  void aFilterRefusesWhatItTakes(Call call, String errno) {
    requireSwitches();
    Mechanisms.guardian(ChildJvm.of(Filtered.class, call.name(), errno)).run();
  }

  /** Spawns where a system call fails that the guardian needs. */
  public static final class Filtered implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      Seccomp.refuse(Call.valueOf(arguments[0]), Errno.valueOf(arguments[1]));
      assertRefused(arguments[1]);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 5, 7, 9})
  @Contract({"C7", "C9"})
  void aShortageThatPassesIsNoMissingFeature(int room) {
    requireSwitches();
    Mechanisms.guardian(ChildJvm.of(Shortage.class, "" + room)).run();
  }

  /** Starts the guardian with only a few free descriptors, and then with enough. */
  public static final class Shortage implements Scenario {
    @Override
    public void run(String... arguments) throws Throwable {
      Spawner spawner = Spawner.of(Run.TRUE);
      // From now on Java has opened its own files.
      try (ChildProcess child = spawner.onClose(OnClose.RELEASE).spawn()) {
        assertEquals(new Exited(0), Run.end(child));
      }
      try {
        DescriptorShortage.during(Integer.parseInt(arguments[0]), () -> spawn(spawner));
      } catch (IOException e) {
        assertTrue(String.valueOf(e.getMessage()).contains("EMFILE"), e.toString());
      }
      spawn(spawner);
      try (GuardianProcess guardian = GuardianProcess.of(ProcessHandle.current().pid())) {
        assertAlive(guardian);
      }
    }

    private static void spawn(Spawner spawner) throws Exception {
      try (ChildProcess child = spawner.spawn()) {
        assertEquals(new Exited(0), Run.end(child));
      }
    }
  }

  private static void run(Class<? extends Scenario> scenario, String without) {
    String names = "autokill,autokill_nnp" + (without.isEmpty() ? "" : "," + without);
    Mechanisms.without(names, Mechanisms.guardian(ChildJvm.of(scenario))).run();
  }

  /** A scenario that inspects the guardian of this JVM, which starts without registrations. */
  private abstract static class Guarded implements Scenario {
    @Override
    public final void run(String... arguments) throws Exception {
      Requires.that(Files.exists(Path.of("/proc/self/fd")), "/proc/self/fd");
      try (ChildProcess first = STAYS.spawn();
          ConcurrentCallers<ExitStatus> waiters = new ConcurrentCallers<>(Thread::new)) {
        // The library retains the descriptors that wake concurrent waiters.
        for (int i = 0; i < WAITERS; i++) {
          waiters.add(first::waitFor);
        }
        waiters.awaitBlocked();
        first.stdin().close();
        waiters.results();
      }
      Await.until("the guardian is the only child", () -> Children.all().size() == 1);
      try (GuardianProcess guardian = GuardianProcess.of(ProcessHandle.current().pid())) {
        // It always has three: the epoll set, the socket and the pidfd of the JVM.
        Await.until("it has no registration", () -> guardian.descriptors() <= 3);
        play(guardian);
        assertAlive(guardian);
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
  @Tag(Tags.LONG)
  @MethodSource("mechanisms")
  @Contract("C7")
  void failedSpawnsLeaveNoRegistration(String without) {
    run(Fails.class, without);
  }

  /** Spawns that fail because of the program or the directory, also with a group. */
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
      // The guardian retains the registration of a group after its leader has exited, until the
      // library removes it.
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
  @Tag(Tags.LONG)
  @MethodSource("mechanisms")
  @Contract("C7")
  void childrenThatEndInAnyOrderLeaveNoRegistration(String without) {
    run(Ends.class, without);
  }

  /** Ends many children in a random order from several threads: by EOF, kill and close. */
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
      Await.until("the guardian is the only child", () -> Children.all().size() == 1);
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
  @Tag(Tags.LONG)
  @MethodSource("mechanisms")
  @Contract("C7")
  void closedGroupsLeaveNoRegistration(String without) {
    Requires.feature(Feature.KILL_GROUP);
    run(Groups.class, without);
  }

  /** Closes groups, whose registrations the guardian retains after the child has exited. */
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
  @Tag(Tags.LONG)
  @Contract("C6")
  void closeKillsWithoutTheGuardian() {
    run(Closes.class, "");
  }

  /** Closes a child while the guardian is stopped. */
  public static final class Closes extends Guarded {
    @Override
    void play(GuardianProcess guardian) throws Exception {
      assertTrue(guardian.signal(Signal.STOP));
      try (RawPipe pipe = RawPipe.open()) {
        Await.until("it is stopped", () -> Children.state(guardian.pid()).equals("T"));
        ChildProcess child = STAYS.stdout(pipe.writer()).spawn();
        pipe.given();
        child.close();
        assertDead(pipe);
        Await.until("no zombie is left", () -> Children.all().size() == 1);
      } finally {
        guardian.signal(Signal.CONT);
      }
      Await.until("it has no registration", () -> guardian.descriptors() <= 3);
    }
  }

  @ParameterizedTest(name = "without {0}")
  @Tag(Tags.LONG)
  @MethodSource("mechanisms")
  @Contract({"C7", "C8"})
  void aChildCostsTheJvmOneDescriptor(String without) {
    run(Costs.class, without);
  }

  /** Counts the descriptors of this JVM with and without many children. */
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
            "guardian of " + COUNT + ": VmRSS " + ProcFs.field(Files.readString(status), "VmRSS"));
        children.forEach(ChildProcess::close);
        Await.until("as many as before", () -> Descriptors.open().size() == before);
      }
    }
  }
}
