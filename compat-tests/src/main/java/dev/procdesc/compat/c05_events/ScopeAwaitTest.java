package dev.procdesc.compat.c05_events;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.OnClose;
import dev.procdesc.ProcessScope;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.support.ConcurrentCallers;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Text;
import dev.procdesc.compat.support.VirtualThreads;
import dev.procdesc.testing.Timeouts;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Tests the waits for the children of a {@link ProcessScope}. */
@ExtendWith(LeakCheck.class)
final class ScopeAwaitTest {
  private static final int THREADS = 4;
  private static final int CHILDREN_OF_A_THREAD = 25;

  private static void end(ChildProcess cat) throws Exception {
    cat.stdin().close();
  }

  @Test
  @Contract("C5")
  void awaitAnyReturnsTheChildThatHasEnded() throws Exception {
    try (ProcessScope scope = ProcessScope.open()) {
      ChildProcess first = scope.spawn(Run.cat());
      ChildProcess second = scope.spawn(Run.cat());
      assertEquals(Optional.empty(), scope.awaitAny(Duration.ZERO));
      end(second);
      assertEquals(Optional.of(second), scope.awaitAny());
      assertEquals(Optional.of(new Exited(0)), second.poll());
      assertEquals(List.of(first), scope.children());
      end(first);
      assertEquals(Optional.of(first), scope.awaitAny(Timeouts.CEILING));
      assertEquals(List.of(), scope.children());
      assertEquals(Optional.empty(), scope.awaitAny(), "there is no child to wait for");
    }
  }

  @Test
  @Contract("C5")
  void awaitAllReturnsEveryChildOnce() throws Exception {
    try (ProcessScope scope = ProcessScope.open()) {
      assertEquals(List.of(), scope.awaitAll(), "there is no child to wait for");
      ChildProcess first = scope.spawn(Run.cat());
      ChildProcess second = scope.spawn(Run.sh("exit 7"));
      assertEquals(new Exited(7), Run.end(second));
      assertEquals(Optional.empty(), scope.awaitAll(Duration.ZERO));
      assertEquals(Set.of(first, second), Set.copyOf(scope.children()), "none is let go yet");
      end(first);
      List<ChildProcess> all = scope.awaitAll();
      assertEquals(2, all.size());
      assertEquals(Set.of(second, first), Set.copyOf(all));
      assertEquals(Optional.of(List.of()), scope.awaitAll(Timeouts.CEILING));
      assertEquals(Optional.of(second), scope.failure());
    }
  }

  @Test
  @Contract("C5")
  void awaitAllWaitsForChildrenThatAreAddedMeanwhile() throws Exception {
    try (ProcessScope scope = ProcessScope.open();
        ConcurrentCallers<List<ChildProcess>> waiters = new ConcurrentCallers<>(Thread::new)) {
      ChildProcess first = scope.spawn(Run.cat());
      waiters.add(scope::awaitAll);
      waiters.awaitBlocked();
      ChildProcess second = scope.spawn(Run.cat());
      end(first);
      assertEquals(new Exited(0), Run.end(first));
      end(second);
      List<ChildProcess> all = waiters.results().get(0);
      assertEquals(2, all.size());
      assertEquals(Set.of(first, second), Set.copyOf(all));
    }
  }

  @Test
  @Contract("C5")
  void anExistingChildIsAdded() throws Exception {
    try (ProcessScope scope = ProcessScope.open();
        ChildProcess old = Run.sh("exit 8").spawn();
        ChildProcess running = Run.cat().spawn()) {
      assertEquals(new Exited(8), Run.end(old));
      scope.add(old);
      scope.add(running);
      assertThrows(IllegalArgumentException.class, () -> scope.add(running));
      assertEquals(Optional.of(old), scope.awaitAny());
      end(running);
      assertEquals(List.of(running), scope.awaitAll());
    }
  }

  @Test
  @Contract("C5")
  void theOutputOfAReturnedChildRemainsReadable() throws Exception {
    try (ProcessScope scope = ProcessScope.open()) {
      ChildProcess child = scope.spawn(Run.sh("echo to 1; echo to 2 >&2").stderr(Stdio.pipe()));
      assertEquals(List.of(child), scope.awaitAll());
      assertEquals("to 1", Text.all(child.stdout()));
      assertEquals("to 2", Text.all(child.stderr()));
      assertEquals(Optional.of(new Exited(0)), child.poll());
      assertFalse(child.kill());
      child.close();
      assertEquals(new Exited(0), child.waitFor());
    }
  }

  @Test
  @Contract("C5")
  void aChildThatTheCallerClosesLeavesTheScope() throws Exception {
    try (ProcessScope scope = ProcessScope.open()) {
      ChildProcess released = scope.spawn(Run.cat().onClose(OnClose.RELEASE));
      released.close();
      assertEquals(List.of(), scope.awaitAll());
      assertEquals(List.of(), scope.children());
      Run.assertEchoes(released);
      end(released);
      released.stdout().close();
      ChildProcess killed = scope.spawn(Run.cat());
      killed.close();
      assertEquals(List.of(killed), scope.awaitAll());
    }
  }

  @Test
  @Contract({"C5", "C11"})
  void anInterruptEndsTheWaitAndNoChild() throws Exception {
    try (ProcessScope scope = ProcessScope.open()) {
      ChildProcess child = scope.spawn(Run.cat());
      Thread.currentThread().interrupt();
      assertThrows(InterruptedException.class, scope::awaitAll);
      Thread.currentThread().interrupt();
      assertThrows(InterruptedException.class, scope::awaitAny);
      Run.assertEchoes(child);
    }
  }

  @Test
  @Contract({"C5", "C11"})
  void virtualThreadsWait() throws Exception {
    Requires.virtualThreads();
    assertWaits(VirtualThreads.factory());
  }

  @Test
  @Contract({"C5", "C11"})
  void platformThreadsWait() throws Exception {
    assertWaits(Thread::new);
  }

  private static void assertWaits(ThreadFactory threads) throws Exception {
    try (ProcessScope scope = ProcessScope.open();
        ConcurrentCallers<Optional<ChildProcess>> waiters = new ConcurrentCallers<>(threads)) {
      List<ChildProcess> children = new ArrayList<>();
      for (int i = 0; i < THREADS; i++) {
        children.add(scope.spawn(Run.cat()));
        waiters.add(scope::awaitAny);
      }
      waiters.awaitBlocked();
      for (ChildProcess child : children) {
        end(child);
      }
      Set<ChildProcess> returned =
          waiters.results().stream().flatMap(Optional::stream).collect(Collectors.toSet());
      assertEquals(Set.copyOf(children), returned);
    }
  }

  @Test
  @Contract({"C5", "C11"})
  void concurrentCallersGetEveryChildOnce() throws Exception {
    Spawner spawner = Run.ordinary(Spawner.of(Run.TRUE));
    List<ChildProcess> returned = Collections.synchronizedList(new ArrayList<>());
    AtomicInteger spawned = new AtomicInteger();
    try (ProcessScope scope = ProcessScope.open();
        ConcurrentCallers<Boolean> callers = new ConcurrentCallers<>(Thread::new)) {
      for (int i = 0; i < THREADS; i++) {
        callers.add(() -> {
          for (int j = 0; j < CHILDREN_OF_A_THREAD; j++) {
            scope.spawn(spawner);
            spawned.incrementAndGet();
            scope.awaitAny().ifPresent(returned::add);
          }
          return true;
        });
      }
      callers.results();
      returned.addAll(scope.awaitAll());
      assertEquals(List.of(), scope.children());
    }
    assertEquals(THREADS * CHILDREN_OF_A_THREAD, spawned.get());
    assertEquals(spawned.get(), returned.size());
    assertEquals(spawned.get(), Set.copyOf(returned).size());
    assertTrue(
        returned.stream().allMatch(child -> child.poll().equals(Optional.of(new Exited(0)))));
  }
}
