package dev.procdesc.compat.c05_events;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.Feature;
import dev.procdesc.ProcessDescriptor.Listening;
import dev.procdesc.Signal;
import dev.procdesc.StateChange;
import dev.procdesc.StateChange.Continued;
import dev.procdesc.StateChange.Stopped;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Origin;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Run;
import dev.procdesc.testing.Timeouts;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Tests that the parent is notified when a child stops and continues. */
@ExtendWith(LeakCheck.class)
final class StateChangesTest {
  private final BlockingQueue<StateChange> changes = new LinkedBlockingQueue<>();

  @BeforeEach
  void require() {
    Requires.feature(Feature.STATE_CHANGES);
  }

  private static StateChange next(BlockingQueue<StateChange> queue) throws InterruptedException {
    StateChange change = queue.poll(Timeouts.CEILING.toMillis(), TimeUnit.MILLISECONDS);
    assertNotNull(change, "no state change was reported");
    return change;
  }

  @Test
  @Contract("C5")
  @Origin("selftests/pidfd: pidfd_wait wait_states")
  void stopAndContinueAreReported() throws Exception {
    try (ChildProcess child = Run.cat().spawn();
        Listening listening = child.onStateChange(changes::add)) {
      assertNotNull(listening);
      for (int i = 0; i < 3; i++) {
        assertTrue(child.signal(Signal.STOP));
        assertEquals(new Stopped(Signal.STOP), next(changes));
        assertTrue(child.signal(Signal.CONT));
        assertEquals(new Continued(), next(changes));
      }
      Run.assertEchoes(child);
      child.stdin().close();
      assertEquals(new Exited(0), Run.end(child), "the exit is not a state change");
      assertTrue(changes.isEmpty());
    }
  }

  @Test
  @Contract("C5")
  void theStoppingSignalIsReported() throws Exception {
    // These signals stop no member of an orphaned process group. The child's new group is not
    // orphaned, because its parent is in the same session and in another group.
    try (ChildProcess child = Run.cat().newProcessGroup().spawn();
        Listening listening = child.onStateChange(changes::add)) {
      assertNotNull(listening);
      for (Signal signal : List.of(Signal.TSTP, Signal.TTIN, Signal.TTOU)) {
        Run.assertEchoes(child);
        assertTrue(child.signal(signal));
        assertEquals(new Stopped(signal), next(changes));
        assertTrue(child.signal(Signal.CONT));
        assertEquals(new Continued(), next(changes));
      }
    }
  }

  @Test
  @Contract("C5")
  @SuppressWarnings("try") // The test closes a listener before the block ends.
  void everyListenerIsNotified() throws Exception {
    BlockingQueue<StateChange> others = new LinkedBlockingQueue<>();
    try (ChildProcess child = Run.cat().spawn();
        Listening one = child.onStateChange(changes::add);
        Listening two = child.onStateChange(others::add)) {
      assertNotNull(one);
      assertTrue(child.signal(Signal.STOP));
      assertEquals(new Stopped(Signal.STOP), next(changes));
      assertEquals(new Stopped(Signal.STOP), next(others));
      two.close();
      two.close();
      assertTrue(child.signal(Signal.CONT));
      assertEquals(new Continued(), next(changes));
      assertTrue(others.isEmpty());
    }
  }

  @Test
  @Contract("C5")
  void aThrowingListenerAffectsNoOther() throws Exception {
    try (ChildProcess child = Run.cat().spawn();
        Listening bad = child.onStateChange(change -> {
          throw new IllegalStateException("on purpose");
        });
        Listening good = child.onStateChange(changes::add)) {
      assertNotNull(bad);
      assertNotNull(good);
      assertTrue(child.signal(Signal.STOP));
      assertEquals(new Stopped(Signal.STOP), next(changes));
      assertTrue(child.signal(Signal.CONT));
      assertEquals(new Continued(), next(changes));
      Run.assertEchoes(child);
    }
  }

  @Test
  @Contract({"C5", "C6"})
  void closeWithARegisteredListenerIsNoError() throws Exception {
    ChildProcess child = Run.cat().spawn();
    Listening listening = child.onStateChange(changes::add);
    assertTrue(child.signal(Signal.STOP));
    assertEquals(new Stopped(Signal.STOP), next(changes));
    child.close();
    listening.close();
  }

  @Test
  @Contract("C5")
  void listeningToAnExitedChildReportsNothing() throws Exception {
    try (ChildProcess child = Run.sh("exit 0").spawn()) {
      Run.end(child);
      child.onStateChange(changes::add).close();
      assertTrue(changes.isEmpty());
    }
  }
}
