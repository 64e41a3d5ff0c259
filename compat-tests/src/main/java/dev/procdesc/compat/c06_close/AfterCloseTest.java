package dev.procdesc.compat.c06_close;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildPipeline;
import dev.procdesc.ChildProcess;
import dev.procdesc.ClosedDescriptorException;
import dev.procdesc.DescriptorChannel;
import dev.procdesc.ExitStatus;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.Feature;
import dev.procdesc.OnClose;
import dev.procdesc.Pipeline;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessScope;
import dev.procdesc.Right;
import dev.procdesc.Signal;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.Children;
import dev.procdesc.compat.support.ConcurrentCallers;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Messages;
import dev.procdesc.compat.support.Poll;
import dev.procdesc.compat.support.RawPipe;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.VirtualThreads;
import dev.procdesc.testing.Await;
import dev.procdesc.testing.Timeouts;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.function.Executable;

/**
 * Tests that a closed descriptor always gives the same answer: the exit status, if the process had
 * ended or the close ended it, or else {@link ClosedDescriptorException}. Rounds make luck visible.
 */
@ExtendWith(LeakCheck.class)
final class AfterCloseTest {
  private static final int ROUNDS = 200;
  private static final ExitStatus KILLED = Run.signaled(Signal.KILL);

  /** Returns a spawner of a child without pipes that stays until it is killed. */
  private static Spawner staying() {
    return Spawner.of("/bin/sleep", "1000")
        .stdin(Stdio.nullDevice())
        .stdout(Stdio.nullDevice())
        .stderr(Stdio.nullDevice());
  }

  /** Returns a spawner of a child without pipes that exits with 9. */
  private static Spawner ending() {
    return Spawner.of("/bin/sh", "-c", "exit 9")
        .stdin(Stdio.nullDevice())
        .stdout(Stdio.nullDevice())
        .stderr(Stdio.nullDevice());
  }

  /** Spawns a child and waits until it has ended, without the library. */
  private static ChildProcess spawnEnded(Spawner spawner) throws IOException {
    ChildProcess child = spawner.spawn();
    Poll.exit(child.fd());
    return child;
  }

  /** Asserts that every method of a closed descriptor reports a status. */
  private static void assertReports(ExitStatus status, ProcessDescriptor closed) throws Exception {
    assertEquals(Optional.of(status), closed.poll());
    assertEquals(Optional.of(status), closed.waitFor(Duration.ZERO));
    assertEquals(Optional.of(status), closed.waitFor(Timeouts.CEILING));
    assertEquals(status, closed.waitFor());
    assertEquals(status, closed.onExit().getNow(new Exited(1)));
    assertFalse(closed.isAlive());
  }

  /** Asserts that every method of a closed descriptor throws the same exception. */
  private static void assertRefuses(ProcessDescriptor closed) {
    String message = "the descriptor of process " + closed.pid() + " is closed";
    List<Executable> calls = List.of(
        closed::poll,
        closed::waitFor,
        () -> closed.waitFor(Duration.ZERO),
        () -> closed.waitFor(Timeouts.CEILING),
        closed::onExit,
        closed::isAlive,
        closed::fd,
        closed::kill);
    for (Executable call : calls) {
      assertEquals(message, assertThrows(ClosedDescriptorException.class, call).getMessage());
    }
    assertEquals(Optional.empty(), closed.resourceUsage());
  }

  private interface Closing {
    void close(ChildProcess child) throws Exception;
  }

  private static void assertAlwaysReports(ExitStatus status, Spawner spawner, Closing closing)
      throws Exception {
    for (int i = 0; i < ROUNDS; i++) {
      ChildProcess child = spawner.spawn();
      closing.close(child);
      assertEquals(Optional.of(status), child.poll(), "round " + i);
      assertReports(status, child);
    }
  }

  @Test
  @Tag(Tags.KERNELS)
  @Contract({"C4", "C6"})
  void theStatusOfAKillByTheCloseIsKnownAtOnce() throws Exception {
    assertAlwaysReports(KILLED, staying(), ChildProcess::close);
  }

  @Test
  @Contract({"C4", "C6"})
  void theStatusOfAKillBeforeTheCloseIsKnownAtOnce() throws Exception {
    assertAlwaysReports(KILLED, staying(), child -> {
      assertTrue(child.kill());
      child.close();
    });
  }

  @Test
  @Contract({"C4", "C6"})
  void theStatusOfAnEndBeforeTheCloseIsKnownAtOnce() throws Exception {
    assertAlwaysReports(new Exited(9), ending(), child -> {
      Poll.exit(child.fd());
      child.close();
    });
  }

  @Test
  @Contract({"C4", "C6"})
  void theStatusOfAReleasedChildThatEndedBeforeTheCloseIsKnownAtOnce() throws Exception {
    assertAlwaysReports(new Exited(9), ending().onClose(OnClose.RELEASE), child -> {
      Poll.exit(child.fd());
      child.close();
    });
  }

  @Test
  @Contract({"C4", "C6"})
  void theStatusOfAGroupsLeaderIsKnownAtOnce() throws Exception {
    Requires.feature(Feature.KILL_GROUP);
    assertAlwaysReports(
        KILLED, staying().newProcessGroup().onClose(OnClose.KILL_GROUP), ChildProcess::close);
  }

  @Test
  @Contract({"C4", "C6"})
  void theUsageIsKnownAtOnce() throws Exception {
    Requires.feature(Feature.RESOURCE_USAGE);
    assertAlwaysReports(KILLED, staying().collectUsage(true), child -> {
      child.close();
      assertTrue(child.resourceUsage().isPresent());
    });
  }

  @Test
  @Contract({"C4", "C6"})
  void theStatusOfAStoppedChildIsKnownAtOnce() throws Exception {
    ChildProcess child = staying().spawn();
    assertTrue(child.signal(Signal.STOP));
    child.close();
    assertReports(KILLED, child);
  }

  @Test
  @Contract({"C4", "C6", "C11"})
  void anInterruptedThreadClosesAndRemainsInterrupted() throws Exception {
    assertAlwaysReports(KILLED, staying(), child -> {
      Thread.currentThread().interrupt();
      child.close();
      Optional<ExitStatus> status = child.poll();
      assertTrue(Thread.interrupted(), "the interrupt status is set");
      assertEquals(Optional.of(KILLED), status);
    });
  }

  @Test
  @Contract({"C4", "C6", "C11"})
  void aVirtualThreadKnowsTheStatusAtOnce() throws Exception {
    Requires.virtualThreads();
    try (ConcurrentCallers<Optional<ExitStatus>> closers =
        new ConcurrentCallers<>(VirtualThreads.factory())) {
      for (int i = 0; i < 50; i++) {
        ChildProcess child = staying().spawn();
        closers.add(() -> {
          child.close();
          return child.poll();
        });
      }
      closers.results().forEach(status -> assertEquals(Optional.of(KILLED), status));
    }
  }

  /** A use of the library by one thread, before it asks for the status. */
  private interface Shared {
    void close() throws Exception;
  }

  /** Closes in two threads at the same moment, each of which then asks for the status. */
  private static void assertBothKnow(ThreadFactory threads, ChildProcess child, Shared shared)
      throws Exception {
    CyclicBarrier barrier = new CyclicBarrier(2);
    try (ConcurrentCallers<Optional<ExitStatus>> closers = new ConcurrentCallers<>(threads)) {
      for (int i = 0; i < 2; i++) {
        closers.add(() -> {
          barrier.await();
          shared.close();
          return child.poll();
        });
      }
      closers.results().forEach(status -> assertEquals(Optional.of(KILLED), status));
    }
  }

  private static void assertASecondCloseWaits(ThreadFactory threads) throws Exception {
    for (int i = 0; i < ROUNDS; i++) {
      ChildProcess child = staying().spawn();
      assertBothKnow(threads, child, child::close);
    }
    for (int i = 0; i < ROUNDS / 4; i++) {
      ProcessScope scope = ProcessScope.open();
      assertBothKnow(threads, scope.spawn(staying()), scope::close);
      Spawner part = Spawner.of("/bin/sleep", "1000").stderr(Stdio.nullDevice());
      ChildPipeline pipeline = Pipeline.of(
              part.stdin(Stdio.nullDevice()), part.stdout(Stdio.nullDevice()))
          .spawn();
      assertBothKnow(threads, pipeline.parts().get(1), pipeline::close);
    }
  }

  @Test
  @Contract({"C4", "C6", "C11"})
  void aSecondCloseWaitsForTheFirst() throws Exception {
    assertASecondCloseWaits(Thread::new);
  }

  @Test
  @Contract({"C4", "C6", "C11"})
  void aSecondCloseInAVirtualThreadWaitsForTheFirst() throws Exception {
    Requires.virtualThreads();
    assertASecondCloseWaits(VirtualThreads.factory());
  }

  @Test
  @Contract({"C4", "C6", "C11"})
  void aWaitingThreadReceivesTheStatus() throws Exception {
    assertWaitersReceive(Thread::new);
  }

  @Test
  @Contract({"C4", "C6", "C11"})
  void aWaitingVirtualThreadReceivesTheStatus() throws Exception {
    Requires.virtualThreads();
    assertWaitersReceive(VirtualThreads.factory());
  }

  private static void assertWaitersReceive(ThreadFactory threads) throws Exception {
    for (int i = 0; i < 20; i++) {
      ChildProcess child = staying().spawn();
      try (ConcurrentCallers<Optional<ExitStatus>> waiters = new ConcurrentCallers<>(threads)) {
        // These callers come before, during or after the close.
        for (int j = 0; j < 5; j++) {
          waiters.add(() -> Optional.of(child.waitFor()));
          waiters.add(() -> child.waitFor(Timeouts.CEILING));
          waiters.add(() ->
              Optional.of(child.onExit().get(Timeouts.CEILING.toMillis(), TimeUnit.MILLISECONDS)));
        }
        child.close();
        waiters.results().forEach(status -> assertEquals(Optional.of(KILLED), status));
      }
    }
  }

  @Test
  @Tag(Tags.KERNELS)
  @Contract({"C4", "C6"})
  void aReleasedChildIsRefusedBeforeAndAfterItsEnd() throws Exception {
    ChildProcess child = Run.cat().onClose(OnClose.RELEASE).collectUsage(true).spawn();
    long pid = child.pid();
    CompletableFuture<ExitStatus> end = child.onExit();
    child.close();
    assertRefuses(child);
    assertEquals(
        "the descriptor of process " + pid + " is closed", Await.thrown(end).getMessage());
    child.stdin().close();
    child.stdout().close();
    Await.until("the child is reaped", () -> !Children.isThere(pid));
    for (int i = 0; i < 20; i++) {
      assertRefuses(child);
    }
  }

  @Test
  @Contract({"C4", "C6", "C10"})
  void aClosedDuplicateIsRefusedUntilTheEnd() throws Exception {
    for (int i = 0; i < ROUNDS; i++) {
      try (ChildProcess child = Run.ordinary(Run.cat()).spawn()) {
        ProcessDescriptor closed = child.duplicate();
        closed.close();
        assertRefuses(closed);
        child.stdin().close();
        child.stdout().close();
        Poll.exit(child.fd());
        assertReports(new Exited(0), closed);
      }
    }
  }

  @Test
  @Contract({"C4", "C6", "C10"})
  void everyReferenceReportsTheKillOfTheLastClose() throws Exception {
    for (int i = 0; i < ROUNDS; i++) {
      ChildProcess child = staying().spawn();
      ProcessDescriptor copy = child.duplicate();
      child.close();
      assertRefuses(child);
      copy.close();
      assertReports(KILLED, child);
      assertReports(KILLED, copy);
    }
  }

  @Test
  @Tag(Tags.KERNELS)
  @Contract({"C4", "C6", "C10"})
  void everyReferenceToAReleasedChildIsRefusedAfterItsEnd() throws Exception {
    ChildProcess child = Run.cat().onClose(OnClose.RELEASE).spawn();
    ProcessDescriptor copy = child.duplicate();
    child.close();
    copy.close();
    child.stdin().close();
    child.stdout().close();
    Await.until("the child is reaped", () -> !Children.isThere(child.pid()));
    for (int i = 0; i < 20; i++) {
      assertRefuses(child);
      assertRefuses(copy);
    }
  }

  @Test
  @Contract({"C4", "C6", "C10"})
  void aDuplicateThatIsClosedAfterTheEndReportsTheStatus() throws Exception {
    for (int i = 0; i < ROUNDS; i++) {
      try (ChildProcess child = spawnEnded(Run.ordinary(ending()))) {
        ProcessDescriptor copy = child.duplicate();
        copy.close();
        assertReports(new Exited(9), copy);
      }
    }
  }

  @Test
  @Tag(Tags.KERNELS)
  @Contract({"C4", "C6", "C10"})
  void aSentChildIsRefusedBeforeAndAfterItsEnd() throws Exception {
    Requires.feature(Feature.DESCRIPTOR_CHANNEL);
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair();
        RawPipe pipe = RawPipe.open()) {
      ChildProcess child = Run.spawnStaying(pipe);
      pair.first().send(Messages.bytes("x"), child);
      try (DescriptorChannel.Message message = Messages.receive(pair.second())) {
        child.close();
        assertRefuses(child);
        assertTrue(message.descriptors().get(0).kill());
        message.descriptors().get(0).waitFor();
        assertRefuses(child);
        message.descriptors().get(0).close();
        assertTrue(message.descriptors().get(0).poll().isPresent());
      }
    }
  }

  @Test
  @Contract({"C4", "C10"})
  void aMessageNamesTheProcessOnlyWithTheRight() throws Exception {
    try (ChildProcess child = Run.ordinary(Run.cat()).spawn()) {
      ProcessDescriptor nameless = child.restrict(Right.WAIT);
      nameless.close();
      var thrown = assertThrows(ClosedDescriptorException.class, nameless::poll);
      assertEquals("the descriptor of a process is closed", thrown.getMessage());
      child.stdin().close();
      child.stdout().close();
      Run.end(child);
    }
  }
}
