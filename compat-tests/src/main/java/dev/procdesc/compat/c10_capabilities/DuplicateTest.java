package dev.procdesc.compat.c10_capabilities;

import static dev.procdesc.compat.support.Liveness.assertAlive;
import static dev.procdesc.compat.support.Liveness.assertDead;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ClosedDescriptorException;
import dev.procdesc.ExitStatus;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.OnClose;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.Signal;
import dev.procdesc.Spawner;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Origin;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.support.ConcurrentCallers;
import dev.procdesc.compat.support.Descriptors;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.RawPipe;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.VirtualThreads;
import dev.procdesc.testing.Await;
import dev.procdesc.testing.Timeouts;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Several descriptors of one process: only the last close has an effect on the process. */
@ExtendWith(LeakCheck.class)
final class DuplicateTest {
  /** Returns a spawner of a child that stays without its pipes, which a close closes too. */
  private static Spawner staying() {
    return Run.sh("exec sleep 1000");
  }

  private static ExitStatus get(CompletableFuture<ExitStatus> end) throws Exception {
    return end.get(Timeouts.CEILING.toMillis(), TimeUnit.MILLISECONDS);
  }

  @Test
  @Contract({"C6", "C10"})
  @Origin("capsicum-test: PipePdfork.CloseLast")
  void onlyTheLastCloseKills() throws Exception {
    try (RawPipe pipe = RawPipe.open()) {
      ChildProcess child = Run.spawnStaying(pipe);
      ProcessDescriptor copy = child.duplicate();
      child.close();
      assertAlive(copy);
      assertAlive(pipe);
      copy.close();
      assertDead(pipe);
    }
  }

  @Test
  @Contract({"C6", "C10"})
  void theOriginalMayBeTheLast() throws Exception {
    ChildProcess child = Run.cat().spawn();
    for (int i = 0; i < 10; i++) {
      child.duplicate().close();
    }
    Run.assertEchoes(child);
    CompletableFuture<ExitStatus> end = child.onExit();
    child.close();
    assertEquals(Run.signaled(Signal.KILL), get(end));
  }

  @Test
  @Contract({"C6", "C10"})
  void aSecondCloseOfOneReferenceIsNotTheCloseOfAnother() throws Exception {
    try (ChildProcess child = Run.cat().spawn()) {
      ProcessDescriptor copy = child.duplicate();
      copy.close();
      copy.close();
      copy.close();
      Run.assertEchoes(child);
    }
  }

  @Test
  @Contract({"C6", "C10"})
  void closesInAnyOrderAndNumber() throws Exception {
    Random random = new Random(4);
    for (int round = 0; round < 10; round++) {
      ChildProcess child = staying().spawn();
      List<ProcessDescriptor> all = new ArrayList<>(List.of(child));
      for (int i = 0; i < 1 + random.nextInt(10); i++) {
        all.add(all.get(random.nextInt(all.size())).duplicate());
      }
      CompletableFuture<ExitStatus> end = all.get(0).onExit();
      Collections.shuffle(all, random);
      ProcessDescriptor last = all.remove(0);
      all.forEach(ProcessDescriptor::close);
      assertAlive(last);
      CompletableFuture<ExitStatus> lastsEnd = last.onExit();
      last.close();
      assertEquals(Run.signaled(Signal.KILL), get(lastsEnd));
      // The library's threads complete the futures of both descriptors in any order.
      Await.until("the first descriptor's future is complete", end::isDone);
    }
  }

  @Test
  @Contract({"C4", "C10"})
  @Origin("capsicum-test: PipePdfork.MultipleRetrieveExitStatus")
  void everyReferenceTellsTheStatus() throws Exception {
    ChildProcess child = Run.sh("read line; exit 33").spawn();
    try (ProcessDescriptor one = child.duplicate();
        ProcessDescriptor other = one.duplicate()) {
      CompletableFuture<ExitStatus> end = other.onExit();
      child.stdin().close();
      child.close();
      assertEquals(Optional.of(new Exited(33)), one.waitFor(Timeouts.CEILING));
      assertEquals(new Exited(33), other.waitFor());
      assertEquals(Optional.of(new Exited(33)), other.poll());
      assertEquals(new Exited(33), get(end));
      // Late, and on a closed descriptor: a known status remains known.
      assertEquals(new Exited(33), child.waitFor());
      try (ProcessDescriptor late = one.duplicate()) {
        assertEquals(new Exited(33), late.waitFor());
        assertEquals(new Exited(33), get(late.onExit()));
        assertFalse(late.kill());
      }
    }
  }

  @Test
  @Contract("C10")
  void aDuplicateDoesWhatTheOriginalDoes() throws Exception {
    try (ChildProcess child = Run.cat().spawn();
        ProcessDescriptor copy = child.duplicate()) {
      assertEquals(child.pid(), copy.pid());
      assertTrue(Descriptors.isOpen(copy.fd()));
      assertTrue(Descriptors.isCloseOnExec(copy.fd()));
      assertAlive(copy);
      assertEquals(Optional.empty(), copy.waitFor(Duration.ZERO));
      assertTrue(copy.sameProcess(child));
      assertTrue(copy.signal(Signal.TERM));
      assertEquals(Run.signaled(Signal.TERM), copy.waitFor());
      assertEquals(Run.signaled(Signal.TERM), child.waitFor());
    }
  }

  @Test
  @Contract("C10")
  void theNumberOfADuplicateOutlivesTheOriginal() throws Exception {
    ChildProcess child = staying().spawn();
    try (ProcessDescriptor copy = child.duplicate()) {
      child.close();
      assertTrue(Descriptors.isOpen(copy.fd()));
    }
  }

  @Test
  @Contract({"C9", "C10"})
  void whatAClosedReferenceSaysWhileAnotherIsOpen() throws Exception {
    try (ChildProcess child = Run.cat().spawn()) {
      ProcessDescriptor copy = child.duplicate();
      CompletableFuture<ExitStatus> end = copy.onExit();
      copy.close();
      ExecutionException thrown = assertThrows(ExecutionException.class, () -> get(end));
      assertInstanceOf(ClosedDescriptorException.class, thrown.getCause());
      assertEquals(child.pid(), copy.pid());
      assertFalse(copy.toString().isEmpty());
      assertThrows(ClosedDescriptorException.class, copy::fd);
      assertThrows(ClosedDescriptorException.class, copy::kill);
      assertThrows(ClosedDescriptorException.class, copy::poll);
      assertThrows(ClosedDescriptorException.class, copy::isAlive);
      assertThrows(ClosedDescriptorException.class, copy::waitFor);
      assertThrows(ClosedDescriptorException.class, copy::onExit);
      assertThrows(ClosedDescriptorException.class, copy::duplicate);
      assertThrows(ClosedDescriptorException.class, copy::restrict);
      assertThrows(ClosedDescriptorException.class, copy::info);
      assertThrows(ClosedDescriptorException.class, () -> copy.sameProcess(child));
      assertThrows(ClosedDescriptorException.class, () -> child.sameProcess(copy));
      assertThrows(ClosedDescriptorException.class, () -> copy.onStateChange(change -> {}));
      Run.assertEchoes(child);
    }
  }

  @Test
  @Contract({"C9", "C10"})
  void aClosedChildHasNoDuplicates() throws Exception {
    ChildProcess child = Run.cat().spawn();
    child.close();
    assertThrows(ClosedDescriptorException.class, child::duplicate);
  }

  @Test
  @Contract({"C10", "C11"})
  void whoWaitsOnAReferenceThatIsClosedIsTold() throws Exception {
    waitersAreTold(Thread::new);
  }

  @Test
  @Contract({"C10", "C11"})
  void aVirtualThreadThatWaitsOnAReferenceThatIsClosedIsTold() throws Exception {
    Requires.virtualThreads();
    waitersAreTold(VirtualThreads.factory());
  }

  private static void waitersAreTold(ThreadFactory factory) throws Exception {
    try (ChildProcess child = Run.cat().spawn();
        ConcurrentCallers<ExitStatus> closed = new ConcurrentCallers<>(factory);
        ConcurrentCallers<ExitStatus> open = new ConcurrentCallers<>(factory)) {
      ProcessDescriptor copy = child.duplicate();
      closed.add(copy::waitFor);
      open.add(child::waitFor);
      closed.awaitBlocked();
      open.awaitBlocked();
      copy.close();
      assertThrows(ClosedDescriptorException.class, closed::results);
      Run.assertEchoes(child);
      child.stdin().close();
      assertEquals(List.of(new Exited(0)), open.results());
    }
  }

  @Test
  @Contract("C10")
  void aReleasedChildLivesOnAfterTheLastClose() throws Exception {
    ChildProcess child = Run.cat().onClose(OnClose.RELEASE).spawn();
    ProcessDescriptor copy = child.duplicate();
    child.close();
    assertAlive(copy);
    copy.close();
    Run.assertEchoes(child);
    child.stdin().close();
    child.stdout().close();
  }

  @Test
  @Contract({"C10", "C11"})
  void duplicatesAndClosesOfManyThreads() throws Exception {
    for (int round = 0; round < 20; round++) {
      try (RawPipe pipe = RawPipe.open()) {
        ChildProcess child = Run.spawnStaying(pipe);
        int count = 8;
        CyclicBarrier start = new CyclicBarrier(count);
        try (ConcurrentCallers<Void> callers = new ConcurrentCallers<>(Thread::new)) {
          for (int i = 0; i < count; i++) {
            ProcessDescriptor mine = child.duplicate();
            callers.add(() -> {
              start.await();
              try (mine;
                  ProcessDescriptor copy = mine.duplicate()) {
                assertAlive(copy);
                assertAlive(mine);
              }
              return null;
            });
          }
          child.close();
          callers.results();
        }
        assertDead(pipe);
      }
    }
  }
}
