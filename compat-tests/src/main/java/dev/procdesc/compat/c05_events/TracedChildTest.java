package dev.procdesc.compat.c05_events;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.Signal;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Differences;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ConcurrentCallers;
import dev.procdesc.compat.support.CpuRest;
import dev.procdesc.compat.support.Pidfd;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Tracer;
import dev.procdesc.compat.support.VirtualThreads;
import dev.procdesc.testing.Await;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadFactory;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Tests a child that has ended and that a tracer, such as a debugger, has not reaped yet. On Linux
 * its pidfd is readable and its status is not available, so that a wait must neither miss the end
 * of that state nor ask again and again meanwhile.
 */
@Tag(Tags.JVM)
@Tag(Tags.KERNELS)
@Tag(Tags.PIDS)
@Tag(Tags.KERNELS)
final class TracedChildTest {
  /** Makes a tracer let go of a process that has ended. */
  private interface LettingGo {
    void run(Tracer tracer) throws Exception;
  }

  private static ChildProcess spawn() throws Exception {
    Requires.that(Differences.aTracerDelaysTheStatus(), "a tracer that delays the status (Linux)");
    return Run.ordinary(Run.sh("read go; exit 7")).spawn();
  }

  private static void assertWaitsRest(ThreadFactory threads, LettingGo lettingGo) throws Exception {
    try (ChildProcess child = spawn();
        Tracer tracer = Tracer.of(child.pid());
        ConcurrentCallers<ExitStatus> waiters = new ConcurrentCallers<>(threads)) {
      CompletableFuture<ExitStatus> end = child.onExit();
      waiters.add(child::waitFor);
      child.stdin().close();
      Await.until("it has exited", () -> !child.isAlive());
      assertEquals(Optional.empty(), child.poll());
      assertEquals(Optional.empty(), child.waitFor(Duration.ofMillis(1)));
      assertFalse(child.signal(Signal.TERM), "it has exited");
      CpuRest.await();
      assertFalse(end.isDone());
      assertEquals(Optional.empty(), child.poll());
      lettingGo.run(tracer);
      assertEquals(new Exited(7), Await.get(end));
      assertEquals(List.of(new Exited(7)), waiters.results());
    }
  }

  @Test
  @Contract({"C4", "C5"})
  void waitsRestUntilTheTracerHasReaped() throws Exception {
    assertWaitsRest(Thread::new, tracer -> tracer.reap(7));
  }

  @Test
  @Contract({"C4", "C5"})
  void waitsRestUntilTheTracerHasDied() throws Exception {
    assertWaitsRest(Thread::new, Tracer::kill);
  }

  @Test
  @Contract({"C4", "C5"})
  void virtualThreadsRestToo() throws Exception {
    Requires.virtualThreads();
    assertWaitsRest(VirtualThreads.factory(), Tracer::kill);
  }

  @Test
  @Contract({"C5", "C6"})
  @SuppressWarnings("try") // Another thread closes the child before the block ends.
  void aCloseRestsUntilTheTracerHasLetGo() throws Exception {
    try (ChildProcess child = spawn();
        Tracer tracer = Tracer.of(child.pid());
        Pidfd own = Pidfd.open(child.pid());
        ConcurrentCallers<Boolean> closers = new ConcurrentCallers<>(Thread::new)) {
      CompletableFuture<ExitStatus> end = child.onExit();
      closers.add(() -> {
        child.close();
        return true;
      });
      own.awaitEnd();
      CpuRest.await();
      assertFalse(end.isDone());
      tracer.kill();
      assertEquals(List.of(true), closers.results());
      assertEquals(Run.signaled(Signal.KILL), Await.get(end));
    }
  }
}
