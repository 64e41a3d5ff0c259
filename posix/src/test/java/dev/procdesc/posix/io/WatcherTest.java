package dev.procdesc.posix.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.io.EventQueue.Interest;
import dev.procdesc.testing.Await;
import dev.procdesc.testing.Timeouts;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class WatcherTest {
  private final PollQueue queue = new PollQueue();
  private final Watcher watcher = new Watcher(queue);

  /** The threads that the watcher of this test has used. */
  private final Set<Thread> threads = ConcurrentHashMap.newKeySet();

  private final List<TestSystem.Pipe> pipes = new ArrayList<>();

  @AfterEach
  void closePipes() {
    pipes.forEach(TestSystem.Pipe::close);
  }

  private TestSystem.Pipe pipe() {
    TestSystem.Pipe pipe = TestSystem.pipe();
    pipes.add(pipe);
    return pipe;
  }

  /** Watches a pipe; its event completes a future and passes a callback on. */
  private CompletableFuture<Thread> watch(TestSystem.Pipe pipe, Runnable callback)
      throws IOException {
    CompletableFuture<Thread> event = new CompletableFuture<>();
    watcher.watch(pipe.readEnd(), Interest.READABLE, token -> {
      threads.add(Thread.currentThread());
      event.complete(Thread.currentThread());
      watcher.execute(List.of(callback));
    });
    return event;
  }

  private static void fire(TestSystem.Pipe pipe) {
    assertEquals(1, TestSystem.writeByte(pipe.writeEnd(), 'x'));
  }

  private static boolean await(CountDownLatch latch) {
    try {
      return latch.await(Timeouts.CEILING.toSeconds(), TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void noThreadRunsBeforeSomethingIsWatched() throws Exception {
    assertEquals(0, queue.rounds.get());
    TestSystem.Pipe pipe = pipe();
    CompletableFuture<Thread> event = watch(pipe, () -> {});
    assertFalse(event.isDone());
    fire(pipe);
    assertNotEquals(Thread.currentThread(), Await.get(event));
  }

  @Test
  void theThreadBelongsToNobody() throws Exception {
    InheritableThreadLocal<String> local = new InheritableThreadLocal<>();
    local.set("of the first caller");
    ClassLoader own = Thread.currentThread().getContextClassLoader();
    Thread.currentThread().setContextClassLoader(new ClassLoader(own) {});
    try {
      TestSystem.Pipe pipe = pipe();
      CompletableFuture<Optional<String>> seen = new CompletableFuture<>();
      CompletableFuture<Thread> event =
          watch(pipe, () -> seen.complete(Optional.ofNullable(local.get())));
      fire(pipe);
      Thread thread = Await.get(event);
      assertEquals("procdesc-watcher", thread.getName());
      assertTrue(thread.isDaemon());
      assertNull(thread.getContextClassLoader());
      assertEquals(Optional.empty(), Await.get(seen));
      CompletableFuture<Thread> other = new CompletableFuture<>();
      watcher.execute(List.of(() -> other.complete(Thread.currentThread())));
      // A new thread runs it, or the one that has just run another callback.
      Set<String> ours = Set.of("procdesc-callback", "procdesc-watcher");
      assertTrue(ours.contains(Await.get(other).getName()), Await.get(other).getName());
      assertTrue(Await.get(other).isDaemon());
      assertNull(Await.get(other).getContextClassLoader());
    } finally {
      Thread.currentThread().setContextClassLoader(own);
    }
  }

  @Test
  void anEventIsReportedOnce() throws Exception {
    TestSystem.Pipe pipe = pipe();
    AtomicInteger count = new AtomicInteger();
    watcher.watch(pipe.readEnd(), Interest.READABLE, token -> {
      count.incrementAndGet();
    });
    fire(pipe);
    fire(pipe);
    passARound();
    assertEquals(1, count.get());
  }

  @Test
  void anEventIsReportedAgainIfAskedFor() throws Exception {
    TestSystem.Pipe pipe = pipe();
    BlockingQueue<Integer> events = new LinkedBlockingQueue<>();
    long watch = watcher.watch(pipe.readEnd(), Interest.READABLE, token -> {
      events.add(1);
    });
    for (int i = 0; i < 3; i++) {
      fire(pipe);
      assertEquals(1, events.poll(Timeouts.CEILING.toSeconds(), TimeUnit.SECONDS));
      TestSystem.readByte(pipe.readEnd());
      watcher.watchAgain(pipe.readEnd(), Interest.READABLE, watch);
    }
  }

  @Test
  void nothingIsReportedAfterTheWatchEnded() throws Exception {
    TestSystem.Pipe pipe = pipe();
    AtomicInteger count = new AtomicInteger();
    long watch = watcher.watch(pipe.readEnd(), Interest.READABLE, token -> {
      count.incrementAndGet();
    });
    assertEquals(1, watcher.size());
    watcher.unwatch(pipe.readEnd(), Interest.READABLE, watch);
    watcher.unwatch(pipe.readEnd(), Interest.READABLE, watch);
    assertEquals(0, watcher.size());
    fire(pipe);
    passARound();
    assertEquals(0, count.get());
  }

  @Test
  void whatCannotBeWatchedIsNotKept() {
    // No thread can open it meanwhile, as it could the number of a descriptor that was closed.
    int none = Integer.MAX_VALUE;
    assertThrows(IOException.class, () -> watcher.watch(none, Interest.READABLE, token -> {}));
    assertEquals(0, watcher.size());
  }

  /** Causes another event and waits for its callback. */
  private void passARound() throws Exception {
    TestSystem.Pipe pipe = pipe();
    CompletableFuture<Boolean> called = new CompletableFuture<>();
    CompletableFuture<Thread> event = watch(pipe, () -> called.complete(true));
    fire(pipe);
    Await.get(event);
    Await.get(called);
  }

  @Test
  void aSocketIsReadUntilItsReaderHasEnough() throws Exception {
    TestSystem.Pipe pipe = TestSystem.pipe();
    OwnedDescriptor socket = OwnedDescriptor.take(pipe.readEnd(), "as good as a socket");
    BlockingQueue<Long> seen = new LinkedBlockingQueue<>();
    watcher.watchSocket(socket, () -> {
      long value = TestSystem.readByte(pipe.readEnd());
      seen.add(value);
      return value != 'e';
    });
    assertEquals(1, watcher.size());
    for (char value : "abcde".toCharArray()) {
      TestSystem.writeByte(pipe.writeEnd(), value);
      assertEquals((long) value, seen.poll(Timeouts.CEILING.toSeconds(), TimeUnit.SECONDS));
    }
    Await.until("the socket is watched no more", () -> watcher.size() == 0);
    socket.close();
    LibC.close(pipe.writeEnd());
  }

  @Test
  void aSocketMayBeClosedByItsReader() throws Exception {
    TestSystem.Pipe pipe = TestSystem.pipe();
    OwnedDescriptor socket = OwnedDescriptor.take(pipe.readEnd(), "as good as a socket");
    watcher.watchSocket(socket, () -> {
      socket.close();
      return true;
    });
    TestSystem.writeByte(pipe.writeEnd(), 'x');
    Await.until("the socket is watched no more", () -> watcher.size() == 0);
    LibC.close(pipe.writeEnd());
    passARound();
  }

  @Test
  void aSocketMayBeForgotten() throws Exception {
    TestSystem.Pipe pipe = TestSystem.pipe();
    OwnedDescriptor socket = OwnedDescriptor.take(pipe.readEnd(), "as good as a socket");
    AtomicInteger count = new AtomicInteger();
    long watch = watcher.watchSocket(socket, () -> count.incrementAndGet() > 0);
    watcher.forget(socket, watch);
    assertEquals(0, watcher.size());
    TestSystem.writeByte(pipe.writeEnd(), 'x');
    passARound();
    assertEquals(0, count.get());
    socket.close();
    LibC.close(pipe.writeEnd());
  }

  @Test
  void callbacksThatBlockDelayNobody() throws Exception {
    int count = 20;
    CountDownLatch allBlocked = new CountDownLatch(count);
    CountDownLatch go = new CountDownLatch(1);
    CountDownLatch allDone = new CountDownLatch(count);
    for (int i = 0; i < count; i++) {
      TestSystem.Pipe pipe = pipe();
      CompletableFuture<Thread> event = watch(pipe, () -> {
        allBlocked.countDown();
        await(go);
        allDone.countDown();
      });
      fire(pipe);
      Await.get(event);
      // One after the other, so that each blocks a separate thread.
      int left = count - i - 1;
      Await.until("the callback blocks", () -> allBlocked.getCount() <= left);
    }
    passARound();
    assertEquals(count, allDone.getCount());
    go.countDown();
    Await.zero(allDone);
  }

  @Test
  void threadsThatAreNotNeededEnd() throws Exception {
    int count = 8;
    CountDownLatch go = new CountDownLatch(1);
    for (int i = 0; i < count; i++) {
      TestSystem.Pipe pipe = pipe();
      CompletableFuture<Boolean> blocked = new CompletableFuture<>();
      CompletableFuture<Thread> event = watch(pipe, () -> {
        blocked.complete(true);
        await(go);
      });
      fire(pipe);
      Await.get(event);
      Await.get(blocked);
    }
    assertEquals(count, threads.size(), "each callback blocks a separate thread");
    go.countDown();
    Await.until(
        "of " + count + " threads at most one stays, as the spare",
        () -> threads.stream().filter(Thread::isAlive).count() <= 1);
    passARound();
  }

  @Test
  void twoThreadsAreEnoughForOneCallbackAtATime() throws Exception {
    for (int i = 0; i < 50; i++) {
      TestSystem.Pipe pipe = pipe();
      CompletableFuture<Thread> event = watch(pipe, () -> {});
      fire(pipe);
      Thread thread = Await.get(event);
      Await.inside(thread, "waitAsSpare");
      Await.until("the thread is the spare", () -> thread.getState() == Thread.State.TIMED_WAITING);
    }
    assertTrue(threads.size() <= 2, () -> "instead: " + threads);
  }

  @Test
  void allEventsAreSeenBeforeAnyCallbackRuns() throws Exception {
    CountDownLatch go = new CountDownLatch(1);
    TestSystem.Pipe first = pipe();
    TestSystem.Pipe second = pipe();
    CompletableFuture<Boolean> other = new CompletableFuture<>();
    // Both are ready before the next check, so their events are in one round.
    fire(first);
    fire(second);
    List<CompletableFuture<Thread>> events = new ArrayList<>();
    events.add(watch(first, () -> await(go)));
    events.add(watch(second, () -> other.complete(true)));
    for (CompletableFuture<Thread> event : events) {
      Await.get(event);
    }
    go.countDown();
    Await.get(other);
  }

  @Test
  void aCallbackThatThrowsHarmsNobody() throws Exception {
    TestSystem.Pipe first = pipe();
    CompletableFuture<Thread> event = watch(first, () -> {
      throw new IllegalStateException("on purpose: a callback of a test");
    });
    fire(first);
    Await.get(event);
    passARound();
    TestSystem.Pipe second = pipe();
    event = watch(second, () -> {
      throw new AssertionError("on purpose: a callback of a test");
    });
    fire(second);
    Await.get(event);
    passARound();
  }

  @Test
  void aTaskThatThrowsHarmsNobody() throws Exception {
    TestSystem.Pipe pipe = pipe();
    CompletableFuture<Boolean> called = new CompletableFuture<>();
    watcher.watch(pipe.readEnd(), Interest.READABLE, token -> {
      called.complete(true);
      throw new IllegalStateException("on purpose: what the kernel says makes no sense");
    });
    fire(pipe);
    Await.get(called);
    passARound();
  }

  @Test
  void aCallbackThatLeavesItsThreadInterruptedHarmsNobody() throws Exception {
    for (int i = 0; i < 20; i++) {
      TestSystem.Pipe pipe = pipe();
      CompletableFuture<Boolean> called = new CompletableFuture<>();
      CompletableFuture<Thread> event = watch(pipe, () -> {
        Thread.currentThread().interrupt();
        called.complete(true);
      });
      fire(pipe);
      Await.get(event);
      Await.get(called);
      passARound();
    }
  }

  @Test
  void manyThreadsWatchAndUnwatch() throws Exception {
    List<Await.Running<Integer>> running = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      TestSystem.Pipe pipe = pipe();
      running.add(Await.start(() -> {
        for (int count = 0; count < 300; count++) {
          int round = count;
          CountDownLatch seen = new CountDownLatch(1);
          long watch = watcher.watch(pipe.readEnd(), Interest.READABLE, token -> {
            seen.countDown();
            watcher.execute(round % 3 == 0 ? List.of(() -> {}) : List.of());
          });
          if (round % 2 == 0) {
            fire(pipe);
            assertTrue(await(seen), "an event was lost");
            TestSystem.readByte(pipe.readEnd());
          }
          watcher.unwatch(pipe.readEnd(), Interest.READABLE, watch);
        }
        return 0;
      }));
    }
    for (var thread : running) {
      Await.get(thread.result());
    }
    assertEquals(0, watcher.size());
  }
}
