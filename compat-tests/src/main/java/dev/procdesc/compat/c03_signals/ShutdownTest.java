package dev.procdesc.compat.c03_signals;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.Signal;
import dev.procdesc.Teardown;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Origin;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Text;
import dev.procdesc.testing.Timeouts;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Tests {@code shutdown}: the signals of a {@link Teardown}, in order, until the child exits. */
@ExtendWith(LeakCheck.class)
final class ShutdownTest {
  @Test
  @Contract("C3")
  @Origin("swift-subprocess: teardown sequence")
  void shutdownSendsTheSignalAndReturnsTheStatus() throws Exception {
    try (ChildProcess child = Run.cat().spawn()) {
      assertEquals(
          Run.signaled(Signal.TERM), child.shutdown(Teardown.of(Signal.TERM, Timeouts.CEILING)));
      assertEquals(Run.signaled(Signal.TERM), Run.end(child));
    }
  }

  @Test
  @Contract("C3")
  void shutdownSendsTheNextSignalAfterTheTimeout() throws Exception {
    try (ChildProcess child = Run.sh(
            "trap '' TERM; trap 'exit 27' USR1; echo ready; while :; do read line; done")
        .spawn()) {
      assertEquals("ready", Text.line(child.stdout()));
      Teardown teardown =
          Teardown.of(Signal.TERM, Duration.ofMillis(1)).then(Signal.USR1, Timeouts.CEILING);
      assertEquals(new Exited(27), child.shutdown(teardown));
    }
  }

  @Test
  @Contract("C3")
  void shutdownEndsWithSigkill() throws Exception {
    for (Teardown teardown : List.of(
        Teardown.of(Signal.TERM, Duration.ZERO),
        Teardown.of(Signal.TERM, Duration.ofMillis(1)).then(Signal.KILL))) {
      try (ChildProcess child = Run.sh("trap '' TERM; echo ready; exec cat").spawn()) {
        assertEquals("ready", Text.line(child.stdout()));
        assertEquals(Run.signaled(Signal.KILL), child.shutdown(teardown));
      }
    }
  }

  @Test
  @Contract("C3")
  void shutdownOfAnExitedChildReturnsItsStatus() throws Exception {
    try (ChildProcess child = Run.sh("exit 28").spawn()) {
      Run.end(child);
      assertEquals(new Exited(28), child.shutdown(Teardown.of(Signal.TERM, Timeouts.CEILING)));
    }
  }

  @Test
  @Contract("C9")
  void aNegativeTimeoutIsRefused() {
    assertThrows(
        IllegalArgumentException.class, () -> Teardown.of(Signal.TERM, Duration.ofMillis(-1)));
  }
}
