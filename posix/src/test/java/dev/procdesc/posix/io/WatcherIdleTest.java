package dev.procdesc.posix.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.procdesc.posix.io.EventQueue.Interest;
import dev.procdesc.testing.Await;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Tests that the threads and the queue of a watcher end when there is nothing to watch. */
final class WatcherIdleTest {
  private static final long IDLE_MILLIS = 300;

  /** A watcher that records its threads. */
  private static final class Scene {
    final Set<Thread> threads = ConcurrentHashMap.newKeySet();
    final PollQueue queue = new PollQueue();
    final AtomicInteger open = new AtomicInteger();
    final EventQueue watched = new EventQueue() {
      @Override
      public void open() {
        open.incrementAndGet();
      }

      @Override
      public void close() {
        open.decrementAndGet();
      }

      @Override
      public void add(int fd, Interest interest, long token) throws java.io.IOException {
        queue.add(fd, interest, token);
      }

      @Override
      public void again(int fd, Interest interest, long token) throws java.io.IOException {
        queue.again(fd, interest, token);
      }

      @Override
      public void remove(int fd, Interest interest) {
        queue.remove(fd, interest);
      }

      @Override
      public void await(int timeoutMillis, java.util.function.LongConsumer tokens) {
        threads.add(Thread.currentThread());
        queue.await(timeoutMillis, tokens);
      }

      @Override
      public void wake() {
        queue.wake();
      }
    };
    final Watcher watcher = new Watcher(watched, IDLE_MILLIS);
    final TestSystem.Pipe pipe = TestSystem.pipe();

    /** Causes an event, and returns the thread that ran its callback. */
    Thread event() throws Exception {
      CompletableFuture<Thread> called = new CompletableFuture<>();
      TestSystem.Pipe once = TestSystem.pipe();
      long watch = watcher.watch(
          once.readEnd(),
          Interest.READABLE,
          token -> watcher.execute(List.of(() -> called.complete(Thread.currentThread()))));
      TestSystem.writeByte(once.writeEnd(), 'x');
      Thread thread = Await.get(called);
      watcher.unwatch(once.readEnd(), Interest.READABLE, watch);
      once.close();
      return thread;
    }

    boolean ended() {
      return threads.stream().noneMatch(Thread::isAlive) && open.get() == 0;
    }
  }

  @Test
  void theQueueIsOpenDuringASpawn() throws Exception {
    Scene scene = new Scene();
    scene.watcher.beginSpawn();
    assertEquals(1, scene.open.get());
    scene.event();
    Await.until("a thread watched", () -> !scene.threads.isEmpty());
    assertEquals(1, scene.open.get(), "opened once");
    scene.watcher.endSpawn();
    Await.until("no thread is left", scene::ended);
    scene.watcher.beginSpawn();
    scene.watcher.endSpawn();
    assertEquals(0, scene.open.get(), "a spawn that failed leaves no queue open");
    scene.pipe.close();
  }

  @Test
  void threadsEndWhenNothingIsWatched() throws Exception {
    // After an event there are a watching thread and a spare thread.
    Scene afterAnEvent = new Scene();
    Thread first = afterAnEvent.event();
    // Another thread unwatches the only descriptor while the watcher waits for it.
    Scene givenUp = new Scene();
    long watch = givenUp.watcher.watch(givenUp.pipe.readEnd(), Interest.READABLE, token -> {});
    Await.until("somebody watches", () -> !givenUp.threads.isEmpty());
    for (Thread thread : givenUp.threads) {
      Await.inside(thread, "poll");
    }
    givenUp.watcher.unwatch(givenUp.pipe.readEnd(), Interest.READABLE, watch);
    // This watcher still has a descriptor to watch.
    Scene busy = new Scene();
    busy.watcher.watch(busy.pipe.readEnd(), Interest.READABLE, token -> {});
    busy.event();

    Await.until("no thread is left after an event", afterAnEvent::ended);
    Await.until("no thread is left after giving up", givenUp::ended);
    assertEquals(1, busy.watcher.size());
    assertEquals(false, busy.ended(), "a watcher with a descriptor ended");
    assertEquals(1, busy.open.get());

    // The threads start again when there is a descriptor to watch.
    for (Scene scene : List.of(afterAnEvent, givenUp, busy)) {
      assertNotEquals(first, scene.event());
      scene.pipe.close();
    }
  }
}
