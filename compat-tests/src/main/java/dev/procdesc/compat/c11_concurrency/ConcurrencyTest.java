package dev.procdesc.compat.c11_concurrency;

import static dev.procdesc.compat.support.Liveness.assertAlive;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ClosedDescriptorException;
import dev.procdesc.ExitStatus;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.Signal;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Origin;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Subjects;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.contract.ConcurrencyContract;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.ConcurrentCallers;
import dev.procdesc.compat.support.Descriptors;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scenario;
import dev.procdesc.compat.support.Text;
import dev.procdesc.compat.support.VirtualThreads;
import dev.procdesc.testing.Timeouts;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Tests concurrent calls from platform threads and virtual threads. */
final class ConcurrencyTest extends ConcurrencyContract {
  private static final Set<ExitStatus> POSSIBLE =
      Set.of(new Exited(18), Run.signaled(Signal.KILL), Run.signaled(Signal.TERM));

  /** A number of futures that lasts beyond the exit of the child and fits into any heap. */
  private static final int MANY_FUTURES = 5_000;

  ConcurrencyTest() {
    super(Subjects.LIBRARY);
  }

  @Test
  @Tag(Tags.LONG)
  @Contract({"C4", "C11"})
  void concurrentCloseWaitAndKillHaveTheDocumentedOutcomes() throws Exception {
    closeAndWaitAndKill(Thread::new);
  }

  @Test
  @Tag(Tags.LONG)
  @Contract({"C4", "C11"})
  void concurrentCloseWaitAndKillHaveTheDocumentedOutcomesInVirtualThreads() throws Exception {
    Requires.virtualThreads();
    closeAndWaitAndKill(VirtualThreads.factory());
  }

  /**
   * Asserts that each method has one of its documented outcomes, and that no call affects a
   * descriptor other than its own.
   */
  private static void closeAndWaitAndKill(ThreadFactory threads) throws Exception {
    AtomicBoolean done = new AtomicBoolean();
    try (ConcurrentCallers<Integer> bystanders = new ConcurrentCallers<>(Thread::new)) {
      for (int i = 0; i < 2; i++) {
        bystanders.add(() -> openAndCloseUntil(done));
      }
      try {
        for (int round = 0; round < 100; round++) {
          closeAndWaitAndKillOnce(threads, round);
        }
      } finally {
        done.set(true);
      }
      bystanders.results().forEach(rounds -> assertTrue(rounds > 0));
    }
  }

  /**
   * Reuses every descriptor number that becomes free. A close of a recycled number by mistake makes
   * the use of the pipe fail.
   */
  private static int openAndCloseUntil(AtomicBoolean done) throws IOException {
    int rounds = 0;
    ByteBuffer buffer = ByteBuffer.allocate(4);
    do {
      Pipe pipe = Pipe.open();
      try (Pipe.SourceChannel source = pipe.source();
          Pipe.SinkChannel sink = pipe.sink()) {
        sink.write(buffer.clear().putInt(rounds).flip());
        source.read(buffer.clear());
        assertEquals(rounds, buffer.flip().getInt());
      }
      rounds++;
    } while (!done.get());
    return rounds;
  }

  private static void closeAndWaitAndKillOnce(ThreadFactory threads, int round) throws Exception {
    ChildProcess child = Run.sh("read line; exit 18").spawn();
    List<Callable<Object>> tasks = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      tasks.add(child::waitFor);
      tasks.add(() -> child.waitFor(Timeouts.CEILING).orElseThrow());
      tasks.add(() -> child.onExit().get());
      tasks.add(child::poll);
      tasks.add(child::isAlive);
      tasks.add(child::fd);
      tasks.add(child::pid);
    }
    tasks.add(() -> child.signal(Signal.TERM));
    tasks.add(child::kill);
    tasks.add(() -> {
      child.close();
      return true;
    });
    tasks.add(() -> {
      try {
        child.stdin().close();
      } catch (IOException e) {
        throw new AssertionError(e);
      }
      return true;
    });
    CyclicBarrier start = new CyclicBarrier(tasks.size());
    try (ConcurrentCallers<Object> callers = new ConcurrentCallers<>(threads)) {
      for (Callable<Object> task : tasks) {
        callers.add(() -> {
          start.await();
          try {
            return task.call();
          } catch (ClosedDescriptorException e) {
            return e; // A valid outcome of a call after the close.
          }
        });
      }
      for (Object result : callers.results()) {
        if (result instanceof ExitStatus status) {
          assertTrue(POSSIBLE.contains(status), "round " + round + ": " + status);
        }
      }
    }
    child.close();
  }

  @Test
  @Contract({"C4", "C11"})
  void aFutureRequestedDuringTheExitHasTheStatus() throws Exception {
    for (int round = 0; round < 100; round++) {
      try (ChildProcess child = Run.cat().spawn();
          ConcurrentCallers<ExitStatus> callers = new ConcurrentCallers<>(Thread::new)) {
        CyclicBarrier start = new CyclicBarrier(5);
        for (int caller = 0; caller < 4; caller++) {
          callers.add(() -> {
            start.await();
            CompletableFuture<ExitStatus> future = child.onExit();
            for (int i = 0; i < MANY_FUTURES && !future.isDone(); i++) {
              future = child.onExit();
            }
            return future.get();
          });
        }
        callers.add(() -> {
          start.await();
          child.stdin().close();
          Optional<ExitStatus> status;
          do {
            status = child.poll();
          } while (status.isEmpty());
          return status.get();
        });
        for (ExitStatus status : callers.results()) {
          assertEquals(new Exited(0), status);
        }
      }
    }
  }

  @Test
  @Contract({"C4", "C11"})
  void waitersAtTheCloseReceiveTheStatusOfTheKill() throws Exception {
    ChildProcess child = Run.cat().spawn();
    try (ConcurrentCallers<ExitStatus> waiters = new ConcurrentCallers<>(Thread::new)) {
      for (int i = 0; i < 5; i++) {
        waiters.add(child::waitFor);
        waiters.add(() -> child.waitFor(Duration.ofHours(1)).orElseThrow());
        waiters.add(() -> child.onExit().get());
      }
      waiters.awaitBlocked();
      child.close();
      for (ExitStatus status : waiters.results()) {
        assertEquals(Run.signaled(Signal.KILL), status);
      }
    }
  }

  @Test
  @Tag(Tags.JVM)
  @Contract({"C8", "C11"})
  void aBurstOfWaitersLeavesFewDescriptors() {
    ChildJvm.of(Burst.class).run();
  }

  /**
   * Lets 200 threads wait at once. The descriptors that wake them may be retained for later waits,
   * but not all of them.
   */
  public static final class Burst implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      assertEquals("", Run.output(Run.sh("exit 0")));
      int before = Descriptors.open().size();
      try (ChildProcess child = Run.cat().spawn();
          ConcurrentCallers<ExitStatus> waiters = new ConcurrentCallers<>(Thread::new)) {
        for (int i = 0; i < 200; i++) {
          waiters.add(child::waitFor);
        }
        waiters.awaitBlocked();
        child.stdin().close();
        assertEquals(200, waiters.results().size());
      }
      int more = Descriptors.open().size() - before;
      assertTrue(more <= 64, more + " descriptors are left of 200 waiting threads");
    }
  }

  @Test
  @Contract("C11")
  void closeFromManyThreadsIsOneClose() throws Exception {
    for (int round = 0; round < 20; round++) {
      ChildProcess child = Run.cat().spawn();
      CyclicBarrier start = new CyclicBarrier(8);
      try (ConcurrentCallers<Void> closers = new ConcurrentCallers<>(Thread::new)) {
        for (int i = 0; i < 8; i++) {
          closers.add(() -> {
            start.await();
            child.close();
            return null;
          });
        }
        closers.results();
      }
    }
  }

  @Test
  @Contract("C11")
  void anInterruptEndsATimedWait() throws Exception {
    try (ChildProcess child = Run.cat().spawn();
        ConcurrentCallers<Boolean> waiters = new ConcurrentCallers<>(Thread::new)) {
      waiters.add(() -> {
        assertThrows(InterruptedException.class, () -> child.waitFor(Duration.ofHours(1)));
        return Thread.currentThread().isInterrupted();
      });
      waiters.awaitBlocked();
      waiters.interrupt();
      assertEquals(List.of(false), waiters.results());
      Run.assertEchoes(child);
    }
  }

  @Test
  @Contract("C11")
  void anInterruptedThreadMaySpawn() throws Exception {
    Thread.currentThread().interrupt();
    try (ChildProcess child = Run.cat().spawn()) {
      assertTrue(Thread.interrupted(), "the interrupt status of the caller stays set");
      Run.assertEchoes(child);
    }
  }

  @Test
  @Contract("C11")
  @Origin("capsicum-test: Pdfork.FromThread")
  void aChildOutlivesTheVirtualThreadThatStartedIt() throws Exception {
    Requires.virtualThreads();
    try (ConcurrentCallers<ChildProcess> starter =
        new ConcurrentCallers<>(VirtualThreads.factory())) {
      starter.add(() -> Run.cat().spawn());
      try (ChildProcess child = starter.results().get(0)) {
        Run.assertEchoes(child);
        child.stdin().close();
        assertEquals(new Exited(0), Run.end(child));
      }
    }
  }

  @Test
  @Contract({"C5", "C11"})
  void waitingVirtualThreadsPinNoCarrier() throws Exception {
    Requires.virtualThreads();
    // Far more virtual threads wait than there can be carriers, and yet another one must run.
    List<ChildProcess> children = new ArrayList<>();
    try (ConcurrentCallers<Object> waiters = new ConcurrentCallers<>(VirtualThreads.factory());
        ConcurrentCallers<Void> writer = new ConcurrentCallers<>(VirtualThreads.factory())) {
      int count = 20 * Runtime.getRuntime().availableProcessors();
      for (int i = 0; i < count; i++) {
        ChildProcess child = Run.sh("read line; echo \"$line\"; exit 19").spawn();
        children.add(child);
        waiters.add(child::waitFor);
        waiters.add(() -> Text.all(child.stdout()));
      }
      waiters.awaitBlocked();
      writer.add(() -> {
        for (ChildProcess child : children) {
          Text.send(child.stdin(), "a line");
        }
        return null;
      });
      writer.results();
      for (Object result : waiters.results()) {
        assertEquals(result instanceof String ? "a line" : new Exited(19), result);
      }
    } finally {
      children.forEach(ChildProcess::close);
    }
  }

  @Test
  @Contract("C11")
  void anInterruptEndsTheWaitOfAVirtualThread() throws Exception {
    Requires.virtualThreads();
    try (ChildProcess child = Run.cat().spawn();
        ConcurrentCallers<Boolean> waiters = new ConcurrentCallers<>(VirtualThreads.factory())) {
      waiters.add(() -> {
        assertThrows(InterruptedException.class, child::waitFor);
        return true;
      });
      waiters.add(() -> {
        assertThrows(IOException.class, () -> child.stdout().read());
        return Thread.interrupted();
      });
      waiters.awaitBlocked();
      waiters.interrupt();
      assertEquals(List.of(true, true), waiters.results());
      assertAlive(child);
    }
  }
}
