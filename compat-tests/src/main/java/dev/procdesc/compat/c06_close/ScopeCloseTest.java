package dev.procdesc.compat.c06_close;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.Feature;
import dev.procdesc.OnClose;
import dev.procdesc.ProcessScope;
import dev.procdesc.Signal;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.Teardown;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Differences;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ConcurrentCallers;
import dev.procdesc.compat.support.Descriptors;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.RawPipe;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Text;
import dev.procdesc.testing.Await;
import dev.procdesc.testing.Timeouts;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Tests that the close of a {@link ProcessScope} closes its children, and what it lets go. */
@ExtendWith(LeakCheck.class)
final class ScopeCloseTest {
  private static final int COUNT = 20;
  private static final int MANY = 300;
  /** A simulated FreeBSD takes minutes for 10,000 children. */
  private static final int VERY_MANY = Differences.simulated() ? 500 : 10_000;

  @Test
  @Contract("C6")
  @SuppressWarnings("try") // The test closes a resource before the block ends.
  void closeKillsAndReapsAll() throws Exception {
    List<ChildProcess> children = new ArrayList<>();
    try (ProcessScope scope = ProcessScope.open();
        ChildProcess old = Run.cat().spawn()) {
      scope.add(old);
      children.add(old);
      for (int i = 0; i < COUNT; i++) {
        children.add(scope.spawn(Run.sh("trap '' TERM HUP INT; exec cat")));
      }
      scope.close();
      for (ChildProcess child : children) {
        assertEquals(Optional.of(Run.signaled(Signal.KILL)), child.poll());
      }
      assertEquals(List.of(), scope.children());
      scope.close();
    }
  }

  @Test
  @Contract("C6")
  void closeReleasesAReleasedChild() throws Exception {
    ChildProcess released;
    try (ProcessScope scope = ProcessScope.open()) {
      released = scope.spawn(Run.cat().onClose(OnClose.RELEASE));
    }
    Run.assertEchoes(released);
    released.stdin().close();
    assertEquals("", Text.all(released.stdout()));
    released.stdout().close();
  }

  @Test
  @Contract("C6")
  void theGroupOfAReturnedChildEndsWithTheScope() throws Exception {
    Requires.feature(Feature.KILL_GROUP);
    try (RawPipe pipe = RawPipe.open()) {
      try (ProcessScope scope = ProcessScope.open()) {
        ChildProcess leader = scope.spawn(Run.sh("(exec sleep 1000) & exit 0")
            .stdout(pipe.writer())
            .newProcessGroup()
            .onClose(OnClose.KILL_GROUP));
        pipe.given();
        assertEquals(List.of(leader), scope.awaitAll());
        assertTrue(pipe.isHeld(), "the member was killed before the close");
        assertEquals(List.of(leader), scope.children());
      }
      pipe.awaitEnd();
    }
  }

  /** Otherwise a scope that exists for long would keep each of its children. */
  @Test
  @Contract({"C6", "C8"})
  void groupsThatTheCallerHasClosedLeaveTheScope() throws Exception {
    Requires.feature(Feature.KILL_GROUP);
    try (ProcessScope scope = ProcessScope.open()) {
      for (int i = 0; i < MANY; i++) {
        Spawner group = Spawner.of(Run.TRUE).newProcessGroup().onClose(OnClose.KILL_GROUP);
        ChildProcess leader = scope.spawn(group);
        assertEquals(List.of(leader), scope.awaitAll());
        leader.close();
      }
      assertTrue(scope.children().size() < COUNT, () -> scope + " after " + MANY);
    }
  }

  @Test
  @Contract({"C6", "C11"})
  void anInterruptRemainsSetAndAllAreKilled() throws Exception {
    ProcessScope scope = ProcessScope.open();
    ChildProcess one = scope.spawn(Run.cat());
    ChildProcess another = scope.spawn(Run.cat());
    Thread.currentThread().interrupt();
    scope.close();
    assertTrue(Thread.interrupted());
    assertEquals(Optional.of(Run.signaled(Signal.KILL)), one.poll());
    assertEquals(Optional.of(Run.signaled(Signal.KILL)), another.poll());
  }

  @Test
  @Contract("C6")
  void aClosedScopeAcceptsNothing() throws Exception {
    ProcessScope scope = ProcessScope.open();
    try (ConcurrentCallers<Boolean> waiter = new ConcurrentCallers<>(Thread::new)) {
      scope.spawn(Run.cat());
      waiter.add(() -> {
        assertThrows(IllegalStateException.class, scope::awaitAll);
        return true;
      });
      waiter.awaitBlocked();
      scope.close();
      assertEquals(List.of(true), waiter.results());
    }
    assertThrows(IllegalStateException.class, () -> scope.spawn(Run.cat()));
    assertThrows(IllegalStateException.class, scope::awaitAny);
    assertThrows(IllegalStateException.class, () -> scope.awaitAll(Duration.ZERO));
    Teardown teardown = Teardown.of(Signal.TERM, Timeouts.CEILING);
    assertThrows(IllegalStateException.class, () -> scope.shutdown(teardown));
    try (ChildProcess child = Run.cat().spawn()) {
      assertThrows(IllegalStateException.class, () -> scope.add(child));
      Run.assertEchoes(child);
    }
  }

  @Test
  @Contract({"C6", "C11"})
  void closeRacesSpawns() throws Exception {
    for (int round = 0; round < COUNT; round++) {
      ProcessScope scope = ProcessScope.open();
      try (ConcurrentCallers<Boolean> spawner = new ConcurrentCallers<>(Thread::new)) {
        spawner.add(() -> {
          try {
            while (true) {
              scope.spawn(Run.cat());
            }
          } catch (IllegalStateException e) {
            return true;
          }
        });
        Await.until("there are children", () -> scope.children().size() >= 2);
        scope.close();
        assertEquals(List.of(true), spawner.results());
      }
    }
  }

  @Test
  @Contract({"C6", "C8"})
  void aScopeThatExistsForLongDoesNotGrow() throws Exception {
    assertDoesNotGrow(MANY);
  }

  @Test
  @Tag(Tags.LONG)
  @Contract({"C6", "C8"})
  void aScopeOfVeryManyChildrenDoesNotGrow() throws Exception {
    assertDoesNotGrow(VERY_MANY);
  }

  private static void assertDoesNotGrow(int count) throws Exception {
    Spawner spawner = Run.ordinary(Spawner.of(Run.TRUE));
    Spawner piped = Run.piped(spawner);
    try (ProcessScope scope = ProcessScope.open()) {
      int before = Descriptors.open().size();
      for (int i = 0; i < count; i++) {
        scope.spawn(i % 2 == 0 ? spawner : piped);
        assertTrue(scope.awaitAny().isPresent());
      }
      assertEquals(List.of(), scope.children());
      Await.until("all descriptors are closed", () -> Descriptors.open().size() <= before);
    }
  }

  @Test
  @Tag(Tags.LONG)
  @Contract({"C5", "C6"})
  @SuppressWarnings("try") // The test closes a resource before the block ends.
  void veryManyChildrenLiveAtOnce() throws Exception {
    Requires.that(
        Descriptors.limit() >= VERY_MANY + 1_000,
        "a limit of open files of " + (VERY_MANY + 1_000));
    try (ProcessScope scope = ProcessScope.open();
        RawPipe pipe = RawPipe.open();
        RawPipe input = RawPipe.open()) {
      Spawner reader =
          Spawner.of("/bin/cat").stdin(Stdio.descriptor(input.readEnd())).stdout(pipe.writer());
      List<ChildProcess> children = spawnMany(scope, reader);
      pipe.given();
      assertFalse(scope.awaitAll(Duration.ZERO).isPresent());
      scope.close();
      pipe.awaitEnd();
      for (ChildProcess child : children) {
        assertEquals(Optional.of(Run.signaled(Signal.KILL)), child.poll());
      }
    }
  }

  private static List<ChildProcess> spawnMany(ProcessScope scope, Spawner spawner)
      throws IOException {
    List<ChildProcess> children = new ArrayList<>();
    for (int i = 0; i < VERY_MANY; i++) {
      children.add(scope.spawn(spawner));
    }
    return children;
  }

  @Test
  @Contract("C6")
  void aScopeThatIsUnreachableIsCollectedWithItsChildren() throws Exception {
    try (RawPipe pipe = RawPipe.open()) {
      forget(pipe);
      pipe.given();
      Await.until("the child is killed", () -> {
        System.gc();
        return !pipe.isHeld();
      });
    }
  }

  /** Opens a scope in a separate method, so that no local variable of the caller refers to it. */
  private static void forget(RawPipe pipe) throws IOException {
    ProcessScope scope = ProcessScope.open();
    scope.spawn(Run.staying(pipe));
    assertEquals(1, scope.children().size());
  }
}
