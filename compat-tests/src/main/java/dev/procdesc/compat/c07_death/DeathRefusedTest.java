package dev.procdesc.compat.c07_death;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.DeathGuard;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.Feature;
import dev.procdesc.Mechanism;
import dev.procdesc.OnClose;
import dev.procdesc.Platform;
import dev.procdesc.Spawner;
import dev.procdesc.UnsupportedFeatureException;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.Children;
import dev.procdesc.compat.support.GuardianProcess;
import dev.procdesc.compat.support.KillMechanisms;
import dev.procdesc.compat.support.KillSeccomp;
import dev.procdesc.compat.support.KillSeccomp.Call;
import dev.procdesc.compat.support.KillShortage;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scenario;
import java.io.IOException;
import java.util.List;
import java.util.stream.Collectors;
import jnr.constants.platform.Errno;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Where nothing would kill at the JVM's death, nothing is promised: the spawn is refused. */
@ExtendWith(LeakCheck.class)
@Tag(Tags.GUARDIAN)
@Tag(Tags.JVM)
final class DeathRefusedTest {
  /** Whether all means to kill can be switched off. */
  private static void requireSwitches() {
    Requires.that(
        Platform.current().mechanisms().stream()
            .map(Mechanism::name)
            .collect(Collectors.toSet())
            .containsAll(List.of("guardian", "autokill")),
        "a system where what kills can be switched off");
  }

  /** What must hold where nothing kills at the JVM's death. */
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
      assertTrue(message.contains(why), "says why, " + why + ": " + message);
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
    KillMechanisms.without("guardian,autokill,autokill_nnp", ChildJvm.of(SwitchedOff.class))
        .run();
  }

  /** Refuses. */
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
    KillMechanisms.guardian(ChildJvm.of(Filtered.class, call.name(), errno)).run();
  }

  /** Refuses, and names the call and the answer. */
  public static final class Filtered implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      KillSeccomp.refuse(Call.valueOf(arguments[0]), Errno.valueOf(arguments[1]));
      assertRefused(arguments[1]);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 5, 7, 9})
  @Contract({"C7", "C9"})
  void aShortageThatPassesIsNoMissingFeature(int room) {
    requireSwitches();
    KillMechanisms.guardian(ChildJvm.of(Shortage.class, "" + room)).run();
  }

  /** Has a few free descriptors at the first spawn that starts a guardian, and enough later. */
  public static final class Shortage implements Scenario {
    @Override
    public void run(String... arguments) throws Throwable {
      Spawner spawner = Spawner.of(Run.TRUE);
      // Java has all its files open.
      try (ChildProcess child = spawner.onClose(OnClose.RELEASE).spawn()) {
        assertEquals(new Exited(0), Run.end(child));
      }
      try {
        KillShortage.during(Integer.parseInt(arguments[0]), () -> spawn(spawner));
      } catch (IOException e) {
        assertTrue(String.valueOf(e.getMessage()).contains("EMFILE"), e.toString());
      }
      spawn(spawner);
      try (GuardianProcess guardian = GuardianProcess.of(ProcessHandle.current().pid())) {
        assertTrue(guardian.isAlive());
      }
    }

    private static void spawn(Spawner spawner) throws Exception {
      try (ChildProcess child = spawner.spawn()) {
        assertEquals(new Exited(0), Run.end(child));
      }
    }
  }
}
