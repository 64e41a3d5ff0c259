package dev.procdesc.compat.c04_status;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.Feature;
import dev.procdesc.ResourceUsage;
import dev.procdesc.Signal;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Run;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Tests the resource usage of a child. */
@ExtendWith(LeakCheck.class)
final class UsageTest {
  @Test
  @Contract("C4")
  @SuppressWarnings("try") // The test closes the child before the block ends.
  void theUsageIsAvailableAfterTheExit() throws Exception {
    Requires.feature(Feature.RESOURCE_USAGE);
    // The loop takes more time than the clock's resolution; the shell has a megabyte of code.
    String script = "i=0; while [ $i -lt 200000 ]; do i=$((i + 1)); done; read line; exit 23";
    try (ChildProcess child = Run.sh(script).collectUsage(true).spawn()) {
      assertEquals(
          Optional.empty(), child.resourceUsage(), "there is no usage while the child runs");
      child.stdin().close();
      assertEquals(new Exited(23), Run.end(child));
      ResourceUsage usage = child.resourceUsage().orElseThrow();
      assertTrue(usage.userTime().compareTo(Duration.ZERO) > 0, usage.toString());
      assertTrue(usage.userTime().compareTo(Duration.ofMinutes(10)) < 0, usage.toString());
      assertTrue(usage.systemTime().compareTo(Duration.ZERO) >= 0, usage.toString());
      assertTrue(usage.maxResidentBytes() > 100_000, usage.toString());
      assertTrue(usage.maxResidentBytes() < 1_000_000_000, usage.toString());
      assertTrue(usage.minorFaults() > 0, usage.toString());
      assertEquals(Optional.of(usage), child.resourceUsage(), "every call returns the same usage");
      child.close();
      assertEquals(
          Optional.of(usage), child.resourceUsage(), "the usage is retained after the close");
    }
  }

  @Test
  @Contract("C4")
  void theUsageOfAKilledChildIsAvailable() throws Exception {
    Requires.feature(Feature.RESOURCE_USAGE);
    try (ChildProcess child = Run.cat().collectUsage(true).spawn()) {
      Run.assertEchoes(child);
      child.kill();
      assertEquals(Run.signaled(Signal.KILL), Run.end(child));
      assertTrue(child.resourceUsage().isPresent());
    }
  }

  @Test
  @Contract("C4")
  void theUsageIsEmptyUnlessRequested() throws Exception {
    try (ChildProcess child = Run.sh("exit 0").spawn()) {
      Run.end(child);
      assertEquals(Optional.empty(), child.resourceUsage());
    }
  }
}
