package dev.procdesc.compat.c05_events;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.Signal;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Differences;
import dev.procdesc.compat.Origin;
import dev.procdesc.compat.Subjects;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.contract.ExitEventsContract;
import dev.procdesc.compat.support.ConcurrentCallers;
import dev.procdesc.compat.support.Descriptors;
import dev.procdesc.compat.support.Libc;
import dev.procdesc.compat.support.Poll;
import dev.procdesc.compat.support.Run;
import dev.procdesc.testing.Await;
import dev.procdesc.testing.Timeouts;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Tests that the exit of a child is an event of the raw descriptor, and completes a future. */
final class ExitEventsTest extends ExitEventsContract {
  ExitEventsTest() {
    super(Subjects.LIBRARY);
  }

  @Test
  @Tag(Tags.KERNELS)
  @Contract("C5")
  @Origin({"capsicum-test: PipePdfork.Poll", "freebsd-src: procdesc.c poll_exit_wakeup"})
  void theRawDescriptorPollsReadyFromTheExitOn() throws Exception {
    try (ChildProcess child = Run.cat().spawn()) {
      assertEquals(0, Poll.poll(child.fd(), Poll.POLLIN | Poll.POLLHUP, Duration.ZERO));
      child.stdin().close();
      int exit = Differences.pollEventAtExit();
      for (int i = 0; i < 3; i++) {
        assertEquals(exit, Poll.readable(child.fd()) & exit);
      }
      assertEquals(new Exited(0), Run.end(child));
      assertEquals(
          exit,
          Poll.readable(child.fd()) & exit,
          "the event remains after the status was collected");
    }
  }

  @Test
  @Tag(Tags.KERNELS)
  @Contract({"C5", "C11"})
  @Origin("capsicum-test: PipePdfork.PollMultiple")
  void severalThreadsMayPollTheRawDescriptor() throws Exception {
    try (ChildProcess child = Run.cat().spawn();
        ConcurrentCallers<Integer> pollers = new ConcurrentCallers<>(Thread::new)) {
      int exit = Differences.pollEventAtExit();
      int fd = child.fd();
      for (int i = 0; i < 5; i++) {
        pollers.add(() -> Poll.readable(fd) & exit);
      }
      pollers.awaitBlocked();
      child.stdin().close();
      pollers.results().forEach(events -> assertEquals(exit, events));
    }
  }

  @Test
  @Tag(Tags.KERNELS)
  @Contract("C5")
  void aDuplicateOfTheRawDescriptorPollsReadyToo() throws Exception {
    try (ChildProcess child = Run.cat().spawn()) {
      int copy = Libc.check(() -> Libc.C.dup(child.fd()));
      try {
        assertEquals(0, Poll.now(copy));
        child.stdin().close();
        assertTrue((Poll.readable(copy) & Differences.pollEventAtExit()) != 0);
        assertEquals(new Exited(0), Run.end(child));
      } finally {
        Descriptors.close(copy);
      }
    }
  }

  @Test
  @Tag(Tags.LONG)
  @Contract({"C3", "C5"})
  @Origin("selftests/pidfd: pidfd_poll_test")
  void everyKillMakesTheRawDescriptorReady() throws Exception {
    for (int i = 0; i < 500; i++) {
      try (ChildProcess child = Run.cat().spawn()) {
        assertTrue(child.kill());
        assertTrue((Poll.readable(child.fd()) & Differences.pollEventAtExit()) != 0);
        assertEquals(Run.signaled(Signal.KILL), Run.end(child));
      }
    }
  }

  @Test
  @Contract("C5")
  void everyCallReturnsANewFuture() throws Exception {
    try (ChildProcess child = Run.cat().spawn()) {
      CompletableFuture<ExitStatus> first = child.onExit();
      CompletableFuture<ExitStatus> second = child.onExit();
      CompletableFuture<ExitStatus> third = child.onExit();
      assertNotSame(first, second);
      assertTrue(first.cancel(true));
      assertTrue(second.complete(new Exited(99)));
      Run.assertEchoes(child);
      child.stdin().close();
      assertEquals(new Exited(0), get(third));
      assertEquals(new Exited(0), get(child.onExit()));
      assertEquals(new Exited(0), Run.end(child));
    }
  }

  @Test
  @Contract("C5")
  void aBlockingDependentActionDelaysNoOther() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    try (ChildProcess slow = Run.cat().spawn();
        ChildProcess quick = Run.cat().spawn()) {
      CountDownLatch entered = new CountDownLatch(1);
      CompletableFuture<Void> blocked = slow.onExit().thenAccept(status -> {
        entered.countDown();
        try {
          release.await();
        } catch (InterruptedException e) {
          throw new AssertionError(e);
        }
      });
      CompletableFuture<ExitStatus> other = slow.onExit();
      slow.stdin().close();
      entered.await();
      assertEquals(new Exited(0), get(other));
      quick.stdin().close();
      assertEquals(new Exited(0), get(quick.onExit()));
      assertEquals(new Exited(0), Run.end(quick));
      release.countDown();
      get(blocked);
    } finally {
      release.countDown();
    }
  }

  @Test
  @Contract({"C5", "C11"})
  void aDependentActionMayUseTheLibrary() throws Exception {
    ChildProcess first = Run.cat().spawn();
    CompletableFuture<String> second = first.onExit().thenApply(status -> {
      first.close();
      try {
        return Run.output(Run.sh("echo next"));
      } catch (Exception e) {
        throw new AssertionError(e);
      }
    });
    first.stdin().close();
    assertEquals("next", get(second));
  }

  @Test
  @Contract("C5")
  void aThrowingDependentActionAffectsNoOther() throws Exception {
    try (ChildProcess child = Run.cat().spawn()) {
      CompletableFuture<Void> failing = child.onExit().thenAccept(status -> {
        throw new IllegalStateException("on purpose");
      });
      child.stdin().close();
      assertEquals(new Exited(0), Run.end(child));
      assertTrue(Await.holds(Timeouts.CEILING, failing::isCompletedExceptionally));
    }
    assertEquals("ok", Run.output(Run.sh("echo ok")));
  }

  @Test
  @Contract("C5")
  void oneHundredChildrenNeedAtMostThreeThreads() throws Exception {
    List<ChildProcess> children = new ArrayList<>();
    List<CompletableFuture<ExitStatus>> ends = new ArrayList<>();
    int before = Thread.getAllStackTraces().size();
    try {
      for (int i = 0; i < 100; i++) {
        ChildProcess child = Run.cat().spawn();
        children.add(child);
        ends.add(child.onExit());
      }
      int more = Thread.getAllStackTraces().size() - before;
      assertTrue(more <= 3, more + " threads for 100 children");
      assertFalse(ends.stream().anyMatch(CompletableFuture::isDone));
    } finally {
      children.forEach(ChildProcess::close);
    }
    for (CompletableFuture<ExitStatus> end : ends) {
      assertEquals(Run.signaled(Signal.KILL), get(end));
    }
  }
}
