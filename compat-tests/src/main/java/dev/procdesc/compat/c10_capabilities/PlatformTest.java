package dev.procdesc.compat.c10_capabilities;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.DeathGuard;
import dev.procdesc.Feature;
import dev.procdesc.Platform;
import dev.procdesc.ProbeResult;
import dev.procdesc.UnsupportedFeatureException;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Scenario;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Reports of the library about the running system. */
@ExtendWith(LeakCheck.class)
final class PlatformTest {
  private static final Platform PLATFORM = Platform.current();

  @Test
  @Contract("C10")
  void thereIsOne() {
    assertSame(PLATFORM, Platform.current());
    assertFalse(PLATFORM.name().isBlank());
    assertFalse(PLATFORM.system().isBlank());
    assertTrue(PLATFORM.has(Feature.PROCESS_DESCRIPTORS));
  }

  @Test
  @Contract("C10")
  void everyFeatureIsThereOrSaysWhatLacks() {
    assertEquals(Feature.values().length, PLATFORM.reports().size());
    for (ProbeResult report : PLATFORM.reports()) {
      Feature feature = Feature.valueOf(report.name());
      assertFalse(report.how().isBlank(), report.toString());
      assertEquals(report.present(), report.lacks().isBlank(), report.toString());
      assertEquals(report.present(), PLATFORM.has(feature));
      assertEquals(report.present(), PLATFORM.features().contains(feature));
      assertEquals(report, PLATFORM.report(feature), "the report does not change");
    }
    assertThrows(
        UnsupportedOperationException.class, () -> PLATFORM.features().add(Feature.CGROUP));
  }

  @Test
  @Contract("C10")
  void everyMechanismHasANameAndIsThereOrSaysWhatLacks() {
    List<ProbeResult> mechanisms = PLATFORM.mechanisms();
    assertFalse(mechanisms.isEmpty());
    assertEquals(
        mechanisms.size(), mechanisms.stream().map(ProbeResult::name).distinct().count());
    for (ProbeResult mechanism : mechanisms) {
      assertTrue(mechanism.name().matches("[a-z][a-z0-9_-]*"), mechanism.toString());
      assertFalse(mechanism.how().isBlank(), mechanism.toString());
      assertEquals(mechanism.present(), mechanism.lacks().isBlank(), mechanism.toString());
    }
  }

  @Test
  @Contract({"C7", "C10"})
  void theGuardAndItsFeatureAgree() {
    assertEquals(PLATFORM.has(Feature.KILL_ON_JVM_DEATH), PLATFORM.deathGuard() != DeathGuard.NONE);
  }

  @Test
  @Tag(Tags.JVM)
  @Contract("C10")
  void aMechanismThatIsSwitchedOffIsAbsentAndSaysSo() {
    PLATFORM.mechanisms().parallelStream()
        .map(ProbeResult::name)
        .forEach(name -> ChildJvm.of(SwitchedOff.class, name)
            .property("dev.procdesc.disable", name)
            .run());
  }

  /** Checks the report of a mechanism that is disabled. */
  public static final class SwitchedOff implements Scenario {
    @Override
    public void run(String... arguments) {
      Platform platform;
      try {
        platform = Platform.current();
      } catch (UnsupportedFeatureException e) {
        // The mechanism was the last one that could create a process.
        assertTrue(String.valueOf(e.getMessage()).contains("dev.procdesc.disable"), e.toString());
        return;
      }
      ProbeResult mechanism = platform.mechanisms().stream()
          .filter(each -> each.name().equals(arguments[0]))
          .findFirst()
          .orElseThrow();
      assertFalse(mechanism.present());
      assertTrue(
          (mechanism.how() + mechanism.lacks()).contains("dev.procdesc.disable"),
          mechanism.toString());
    }
  }
}
