package dev.procdesc.compat.c12_sandbox;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.procdesc.DeathGuard;
import dev.procdesc.Platform;
import dev.procdesc.ProbeResult;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Differences;
import dev.procdesc.compat.Main;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Seccomp;
import dev.procdesc.testing.Timeouts;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Runs the suite again with each mechanism switched off, with several switched off, under a seccomp
 * filter, and in the descriptor-only mode. A new kernel thus tests the mechanisms that are used on
 * an old kernel or in a container.
 */
@ExtendWith(LeakCheck.class)
@Tag(Tags.MECHANISMS)
@Tag(Tags.LONG)
final class MechanismsTest {
  /** The mechanisms to switch off together, because their fallback is used only without all. */
  private static final List<String> TOGETHER =
      List.of("clone3,clone", "clone3,clone,launcher", "clone3,pidfd_get_info", "pdrfork,pdfork");

  /** The suites that run at the same time. One alone waits too often to use two processors. */
  private static final int AT_ONCE = 2;

  private static boolean all() {
    return "all".equals(System.getProperty("procdesc.mechanisms"));
  }

  @TestFactory
  @Contract({"C1", "C12"})
  Stream<DynamicTest> withoutAMechanism() {
    Set<String> known = Platform.current().mechanisms().stream()
        .filter(ProbeResult::present)
        .map(ProbeResult::name)
        .collect(Collectors.toCollection(LinkedHashSet::new));
    if (Platform.current().deathGuard() != DeathGuard.KERNEL) {
      // Without it the default OnClose is refused, so nearly every test fails. The C7 tests cover
      // this.
      known.remove("guardian");
    }
    Stream<String> combined =
        TOGETHER.stream().filter(names -> known.containsAll(List.of(names.split(",", -1))));
    ExecutorService runs = Executors.newFixedThreadPool(AT_ONCE);
    // A list, so that all suites are submitted before the first test waits for one.
    List<DynamicTest> tests = Stream.concat(known.stream(), combined)
        .map(names -> {
          ChildJvm suite = suite().property("dev.procdesc.disable", names);
          Future<ChildJvm.Result> result = runs.submit(() -> result(suite));
          return dynamicTest("without " + names, () -> check(suite, result.get()));
        })
        .toList();
    return tests.stream().onClose(runs::shutdownNow);
  }

  @Test
  @Contract({"C3", "C12"})
  void underASeccompFilter() {
    Seccomp.require();
    // It would refuse the calls by which the simulation signals process groups.
    Requires.that(!Differences.simulated(), "a kernel that is not simulated");
    run(suite("--seccomp"));
  }

  @Test
  @Contract({"C10", "C12"})
  void inTheDescriptorOnlyMode() {
    DescriptorOnlyMode.requireOtherNamesAllowed();
    run(suite("--descriptor-only"));
  }

  @Test
  @Contract({"C6", "C7", "C12"})
  void inTheDescriptorOnlyModeWithoutSenderPidfd() {
    DescriptorOnlyMode.requireOtherNamesAllowed();
    Requires.that(
        Platform.current().mechanisms().stream()
            .anyMatch(mechanism -> mechanism.present() && mechanism.name().equals("sender_pidfd")),
        "the mechanism sender_pidfd, to be switched off");
    run(suite("--descriptor-only").property("dev.procdesc.disable", "sender_pidfd"));
  }

  private static ChildJvm suite(String... more) {
    String[] arguments = Stream.concat(
            Stream.of("--no-mechanisms", "--backend-only", all() ? "--no-mechanisms" : "--quick"),
            Stream.of(more))
        .toArray(String[]::new);
    return ChildJvm.main(Main.class, arguments);
  }

  private static void run(ChildJvm suite) {
    check(suite, result(suite));
  }

  private static ChildJvm.Result result(ChildJvm suite) {
    return suite.result(Timeouts.scaled(Duration.ofMinutes(9)));
  }

  private static void check(ChildJvm suite, ChildJvm.Result result) {
    if (result.code() == Main.UNSUPPORTED) {
      // There is no fallback, so the message must name the property that switched it off.
      assertTrue(result.output().contains("dev.procdesc.disable"), result::output);
    } else {
      assertEquals(0, result.code(), result::output);
    }
    System.out.println("  "
        + result.output().strip().lines().reduce("", (first, last) -> last)
        + " with "
        + suite);
  }
}
