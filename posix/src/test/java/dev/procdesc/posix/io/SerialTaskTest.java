package dev.procdesc.posix.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.procdesc.testing.Await;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

final class SerialTaskTest {
  private static void notRejected(Throwable cause) {
    fail("rejected", cause);
  }

  @Test
  void noRequestIsLostAndNoRunOverlaps() throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(3);
    try {
      int requests = 2_000;
      AtomicInteger requested = new AtomicInteger();
      AtomicInteger seen = new AtomicInteger();
      AtomicBoolean running = new AtomicBoolean();
      AtomicBoolean overlapped = new AtomicBoolean();
      AtomicInteger runs = new AtomicInteger();
      SerialTask task = new SerialTask(
          pool,
          () -> {
            if (!running.compareAndSet(false, true)) {
              overlapped.set(true);
            }
            seen.set(requested.get());
            running.set(false);
            return runs.incrementAndGet() % 3 == 0;
          },
          SerialTaskTest::notRejected);
      CountDownLatch callers = new CountDownLatch(3);
      for (int i = 0; i < 3; i++) {
        Await.start(() -> {
          for (int j = 0; j < requests; j++) {
            requested.incrementAndGet();
            task.request();
          }
          callers.countDown();
          return callers;
        });
      }
      Await.zero(callers);
      Await.until("the last request is seen", () -> seen.get() == 3 * requests);
      assertTrue(!overlapped.get(), "two runs at a time");
    } finally {
      pool.shutdownNow();
    }
  }

  @Test
  void anExecutorMayRunTheTaskInTheCallingThread() {
    int[] left = {100_000};
    SerialTask task =
        new SerialTask(Runnable::run, () -> --left[0] > 0, SerialTaskTest::notRejected);
    task.request();
    assertEquals(0, left[0], "the stack does not grow");
    left[0] = 1;
    task.request();
    assertEquals(0, left[0]);
  }

  @Test
  void aTaskWithWorkLeftGivesOthersTheirTurn() {
    Queue<Runnable> queue = new ArrayDeque<>();
    List<String> order = new ArrayList<>();
    SerialTask task = new SerialTask(
        queue::add,
        () -> {
          order.add("task");
          return order.size() < 3;
        },
        SerialTaskTest::notRejected);
    task.request();
    queue.add(() -> order.add("other"));
    while (!queue.isEmpty()) {
      queue.remove().run();
    }
    assertEquals(List.of("task", "other", "task"), order);
  }

  @Test
  void aRefusalIsReportedOnce() {
    List<Throwable> refusals = new ArrayList<>();
    RejectedExecutionException refusal = new RejectedExecutionException("full");
    Executor full = command -> {
      throw refusal;
    };
    SerialTask task = new SerialTask(full, () -> fail("runs"), refusals::add);
    task.request();
    task.request();
    assertEquals(1, refusals.size());
    assertSame(refusal, refusals.get(0));
  }
}
