package dev.procdesc.compat.c03_signals;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.Feature;
import dev.procdesc.ProcessScope;
import dev.procdesc.ScopeFailedException;
import dev.procdesc.Signal;
import dev.procdesc.Spawner;
import dev.procdesc.Teardown;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.support.ConcurrentCallers;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Text;
import dev.procdesc.testing.Timeouts;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Tests the end of all children of a {@link ProcessScope} by signals, on request and on failure.
 */
@ExtendWith(LeakCheck.class)
final class ScopeShutdownTest {
  private static final int COUNT = 20;

  private static final Teardown GENTLE = Teardown.of(Signal.TERM, Timeouts.CEILING);

  private static List<ChildProcess> ready(ProcessScope scope, Spawner spawner) throws Exception {
    List<ChildProcess> children = new ArrayList<>();
    for (int i = 0; i < COUNT; i++) {
      children.add(scope.spawn(spawner));
    }
    for (ChildProcess child : children) {
      assertEquals("ready", Text.line(child.stdout()));
    }
    return children;
  }

  /**
   * No child ends before all have received the signal. If one after the other were shut down, the
   * second would receive it only after the patience with the first.
   */
  @Test
  @Contract("C3")
  void shutdownSignalsAllBeforeItWaits() throws Exception {
    Spawner reporting = Run.sh(
        "trap 'echo term; told=1' TERM; echo ready; until [ $told ]; do :; done; read end; exit 5");
    try (ProcessScope scope = ProcessScope.open();
        ConcurrentCallers<Boolean> caller = new ConcurrentCallers<>(Thread::new)) {
      List<ChildProcess> children = ready(scope, reporting);
      caller.add(() -> {
        scope.shutdown(Teardown.of(Signal.TERM, Timeouts.CEILING.multipliedBy(10)));
        return true;
      });
      for (ChildProcess child : children) {
        assertEquals("term", Text.line(child.stdout()));
      }
      for (ChildProcess child : children) {
        assertTrue(child.isAlive());
        Text.send(child.stdin(), "end");
      }
      assertEquals(List.of(true), caller.results());
      for (ChildProcess child : children) {
        assertEquals(Optional.of(new Exited(5)), child.poll());
      }
      assertEquals(COUNT, scope.awaitAll().size());
    }
  }

  @Test
  @Contract("C3")
  void shutdownKillsThoseThatIgnoreTheSignal() throws Exception {
    try (ProcessScope scope = ProcessScope.open()) {
      List<ChildProcess> children =
          ready(scope, Run.sh("trap '' TERM; echo ready; exec cat >/dev/null"));
      scope.shutdown(Teardown.of(Signal.TERM, Duration.ofMillis(1)));
      for (ChildProcess child : children) {
        assertEquals(Optional.of(Run.signaled(Signal.KILL)), child.poll());
      }
      assertEquals(Set.copyOf(children), Set.copyOf(scope.awaitAll()));
    }
  }

  @Test
  @Contract("C3")
  void shutdownOfGroupsEndsTheirMembers() throws Exception {
    Requires.feature(Feature.SIGNAL_GROUP);
    try (ProcessScope scope = ProcessScope.open()) {
      // The leader has ended, and a member holds its standard output.
      List<ChildProcess> children =
          ready(scope, Run.sh("(exec sleep 1000) & echo ready").newProcessGroup());
      for (ChildProcess child : children) {
        assertEquals(new Exited(0), Run.end(child));
      }
      scope.shutdown(GENTLE.ofGroup());
      for (ChildProcess child : children) {
        assertEquals("", Text.all(child.stdout()), "no process has the pipe open");
      }
    }
  }

  @Test
  @Contract("C3")
  void anInterruptEndsTheShutdown() throws Exception {
    try (ProcessScope scope = ProcessScope.open()) {
      ready(scope, Run.sh("trap '' TERM; echo ready; exec cat >/dev/null"));
      Thread.currentThread().interrupt();
      assertThrows(InterruptedException.class, () -> scope.shutdown(GENTLE));
      assertEquals(COUNT, scope.children().size());
    }
  }

  @Test
  @Contract("C3")
  void theFirstFailureEndsTheOthers() throws Exception {
    try (ProcessScope scope = ProcessScope.shutdownOnFailure(GENTLE)) {
      ChildProcess one = scope.spawn(Run.cat());
      ChildProcess failing = scope.spawn(Run.sh("read go; exit 3"));
      ChildProcess good = scope.spawn(Run.sh("exit 0"));
      assertEquals(Optional.of(good), scope.awaitAny());
      assertEquals(Optional.empty(), scope.failure());
      Run.assertEchoes(one);
      failing.stdin().close();
      assertEquals(Set.of(one, failing), Set.copyOf(scope.awaitAll()));
      assertEquals(Optional.of(failing), scope.failure());
      assertEquals(Optional.of(new Exited(3)), failing.poll());
      assertEquals(Optional.of(Run.signaled(Signal.TERM)), one.poll());
      ScopeFailedException refused =
          assertThrows(ScopeFailedException.class, () -> scope.spawn(Run.cat()));
      assertTrue(String.valueOf(refused.getMessage()).contains(failing.toString()));
      try (ChildProcess other = Run.cat().spawn()) {
        assertThrows(ScopeFailedException.class, () -> scope.add(other));
        Run.assertEchoes(other);
      }
    }
  }

  @Test
  @Contract("C3")
  void theFirstFailureKillsThoseThatIgnoreTheSignal() throws Exception {
    Teardown hasty = Teardown.of(Signal.TERM, Duration.ofMillis(1));
    try (ProcessScope scope = ProcessScope.shutdownOnFailure(hasty)) {
      List<ChildProcess> children =
          ready(scope, Run.sh("trap '' TERM; echo ready; exec cat >/dev/null"));
      scope.spawn(Run.sh("exit 3"));
      assertEquals(COUNT + 1, scope.awaitAll().size());
      for (ChildProcess child : children) {
        assertEquals(Optional.of(Run.signaled(Signal.KILL)), child.poll());
      }
    }
  }

  @Test
  @Contract("C3")
  void aFailureDoesNotAffectTheOthersOfAnOrdinaryScope() throws Exception {
    try (ProcessScope scope = ProcessScope.open()) {
      ChildProcess one = scope.spawn(Run.cat());
      ChildProcess failing = scope.spawn(Run.sh("exit 3"));
      assertEquals(Optional.of(failing), scope.awaitAny());
      assertEquals(Optional.of(failing), scope.failure());
      ChildProcess another = scope.spawn(Run.cat());
      Run.assertEchoes(one);
      Run.assertEchoes(another);
    }
  }

  @Test
  @Contract("C3")
  void aCloseIsNoFailure() throws Exception {
    ProcessScope scope = ProcessScope.shutdownOnFailure(GENTLE);
    ChildProcess child = scope.spawn(Run.cat());
    scope.close();
    ExitStatus status = child.waitFor();
    assertEquals(Run.signaled(Signal.KILL), status);
    assertFalse(scope.failure().isPresent());
  }
}
