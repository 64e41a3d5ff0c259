package dev.procdesc.compat.c03_signals;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.Feature;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.Signal;
import dev.procdesc.Spawner;
import dev.procdesc.Teardown;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Origin;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.PidNamespace;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scenario;
import dev.procdesc.compat.support.Text;
import dev.procdesc.testing.Await;
import dev.procdesc.testing.Timeouts;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.junit.jupiter.api.Tag;
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
            "trap '' TERM; trap 'exit 27' USR1; echo ready; while :; do :; done")
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

  /**
   * Returns a child that continues for a while after SIGTERM, and then exits with 29. It does not
   * read: a shell may enter the read after a signal came, and handle it only after the read.
   */
  private static Spawner slow() {
    return Run.sh("trap 'sleep 0.5; exit 29' TERM; echo ready; while :; do :; done");
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

  @Test
  @Contract("C3")
  void theLongestTimeIsNotOverForAGroup() throws Exception {
    Requires.feature(Feature.SIGNAL_GROUP);
    for (Duration patience : LONGEST) {
      try (ChildProcess child = ready(slow().newProcessGroup())) {
        Teardown teardown = Teardown.of(Signal.TERM, patience).ofGroup();
        assertEquals(new Exited(29), child.shutdown(teardown));
      }
    }
  }

  private static Spawner trapping() {
    return Run.sh("trap 'exit 31' TERM; echo ready; while :; do :; done");
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

  /**
   * The leader has a member whose parent leaves the group and never reaps it. Before the cure,
   * shutdown waited for the whole time, which is unlimited here.
   */
  @Test
  @Tag(Tags.PIDS)
  @Contract("C3")
  void aGroupOfZombiesHasEnded() throws Exception {
    Requires.feature(Feature.SIGNAL_GROUP);
    Requires.file("/usr/bin/setsid");
    Spawner family = Run.sh("exec 3<&0; (sleep 1000 & exec setsid cat <&3) & exec 3<&-; wait; wait")
        .newProcessGroup();
    try (ChildProcess child = family.spawn()) {
      child.stdin().write("ready\n".getBytes(StandardCharsets.UTF_8));
      assertEquals("ready", Text.line(child.stdout()));
      Teardown teardown =
          Teardown.of(Signal.TERM, ChronoUnit.FOREVER.getDuration()).ofGroup();
      assertEquals(Run.signaled(Signal.TERM), child.shutdown(teardown));
      // Nothing else reaps the zombie, and it accepts signals.
      assertTrue(child.signalGroup(Signal.CONT));
      child.stdin().close(); // Ends the parent, whose own parent, which is init, reaps both.
      Await.until("the group is empty", () -> !signalGroup(child));
    }
  }

  private static boolean signalGroup(ChildProcess leader) {
    try {
      return leader.signalGroup(Signal.CONT);
    } catch (ProcessDescriptorException e) {
      throw new AssertionError(e);
    }
  }

  /** Members that a JVM adopts, because it is PID 1, are zombies until other code reaps them. */
  @Test
  @Tag(Tags.JVM)
  @Contract("C3")
  void aGroupThatPid1AdoptedHasEnded() throws Exception {
    Requires.feature(Feature.SIGNAL_GROUP);
    PidNamespace.require();
    PidNamespace.jvm(Pid1.class).run();
  }

  /** A JVM that is PID 1. */
  public static final class Pid1 implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      assertEquals(1, ProcessHandle.current().pid());
      Spawner family =
          Run.sh("sleep 1000 & sleep 1000 & echo ready; wait; wait").newProcessGroup();
      try (ChildProcess child = ready(family)) {
        Teardown teardown =
            Teardown.of(Signal.TERM, ChronoUnit.FOREVER.getDuration()).ofGroup();
        assertEquals(Run.signaled(Signal.TERM), child.shutdown(teardown));
        // The library reaps only the processes that it created.
        assertTrue(child.signalGroup(Signal.CONT));
      }
    }
  }

  @Test
  @Contract("C9")
  void aNegativeTimeoutIsRefused() {
    assertThrows(
        IllegalArgumentException.class, () -> Teardown.of(Signal.TERM, Duration.ofMillis(-1)));
  }
}
