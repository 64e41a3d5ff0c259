package dev.procdesc.compat.c03_signals;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.Feature;
import dev.procdesc.Signal;
import dev.procdesc.Spawner;
import dev.procdesc.Teardown;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Origin;
import dev.procdesc.compat.Requires;
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

  private static ChildProcess ready(Spawner spawner) throws Exception {
    ChildProcess child = spawner.spawn();
    assertEquals("ready", Text.line(child.stdout()));
    return child;
  }

  /** Returns a child that continues for a while after SIGTERM, and then exits with 29. */
  private static Spawner slow() {
    return Run.sh(
        "trap 'sleep 0.5; exit 29' TERM; echo ready; while :; do read line || exit 1; done");
  }

  /** The longest times, which overflow nanoseconds or a deadline. */
  private static final List<Duration> LONGEST = List.of(
      Duration.ofNanos(Long.MAX_VALUE),
      Duration.ofNanos(Long.MAX_VALUE - 1),
      Duration.ofSeconds(Long.MAX_VALUE, 999_999_999));

  @Test
  @Contract("C3")
  void theLongestTimeIsNotOver() throws Exception {
    for (Duration patience : LONGEST) {
      try (ChildProcess child = ready(slow())) {
        assertEquals(new Exited(29), child.shutdown(Teardown.of(Signal.TERM, patience)));
      }
    }
  }

  private static Spawner trapping() {
    return Run.sh("trap 'exit 31' TERM; echo ready; while :; do read line || exit 1; done");
  }

  @Test
  @Contract("C3")
  void aStoppedChildHandlesTheSignal() throws Exception {
    try (ChildProcess child = ready(trapping())) {
      child.signal(Signal.STOP);
      assertEquals(new Exited(31), child.shutdown(Teardown.of(Signal.TERM, Timeouts.CEILING)));
    }
  }

  @Test
  @Contract("C3")
  void aStoppedGroupHandlesTheSignal() throws Exception {
    Requires.feature(Feature.SIGNAL_GROUP);
    try (ChildProcess child = ready(trapping().newProcessGroup())) {
      child.signalGroup(Signal.STOP);
      Teardown teardown = Teardown.of(Signal.TERM, Timeouts.CEILING).ofGroup();
      assertEquals(new Exited(31), child.shutdown(teardown));
    }
  }

  @Test
  @Contract("C9")
  void aNegativeTimeoutIsRefused() {
    assertThrows(
        IllegalArgumentException.class, () -> Teardown.of(Signal.TERM, Duration.ofMillis(-1)));
  }
}
