package dev.procdesc.compat.support;

import dev.procdesc.testing.Await;
import dev.procdesc.testing.Timeouts;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;

/**
 * Threads that run one task each. An exception of a task fails the test.
 *
 * @param <T> the result of a task
 */
public final class ConcurrentCallers<T> implements AutoCloseable {
  private final ThreadFactory factory;
  private final List<Thread> threads = new ArrayList<>();
  private final List<FutureTask<T>> tasks = new ArrayList<>();

  /** Creates it without threads. */
  public ConcurrentCallers(ThreadFactory factory) {
    this.factory = factory;
  }

  /** Starts a thread that runs a task. */
  public void add(Callable<T> task) {
    FutureTask<T> future = new FutureTask<>(task);
    Thread thread = factory.newThread(future);
    tasks.add(future);
    threads.add(thread);
    thread.start();
  }

  /** Waits until every thread blocks or has terminated. */
  public void awaitBlocked() {
    awaitBlocked(threads);
  }

  /** Waits until a thread blocks or has terminated. */
  public static void awaitBlocked(Thread thread) {
    awaitBlocked(List.of(thread));
  }

  /**
   * Waits until threads block, as far as Java can tell: a thread in a system call counts as
   * runnable, so it suffices that it is in the same native method several times in a row.
   */
  private static void awaitBlocked(List<Thread> threads) {
    List<List<StackTraceElement>> before = List.of();
    for (int same = 0; same < 4; ) {
      for (Thread thread : threads) {
        Await.until(thread + " blocks", () -> isBlocked(thread) || !thread.isAlive());
      }
      List<List<StackTraceElement>> stacks =
          threads.stream().map(thread -> List.of(thread.getStackTrace())).toList();
      same = stacks.equals(before) ? same + 1 : 0;
      before = stacks;
      LockSupport.parkNanos(3_000_000);
    }
  }

  private static boolean isBlocked(Thread thread) {
    StackTraceElement[] stack = thread.getStackTrace();
    for (StackTraceElement frame : stack) {
      // A thread that loads or initializes a class is on its way, however long that takes.
      if (frame.getMethodName().equals("<clinit>")
          || frame.getClassName().equals("java.lang.ClassLoader")) {
        return false;
      }
    }
    return switch (thread.getState()) {
      case WAITING, TIMED_WAITING, BLOCKED -> true;
      case RUNNABLE -> stack.length > 0 && stack[0].isNativeMethod();
      default -> false;
    };
  }

  /** Interrupts all threads. */
  public void interrupt() {
    threads.forEach(Thread::interrupt);
  }

  /** Waits for all tasks, and returns their results. */
  public List<T> results() throws Exception {
    List<T> results = new ArrayList<>();
    long deadline = System.nanoTime() + Timeouts.CEILING.multipliedBy(2).toNanos();
    for (int i = 0; i < tasks.size(); i++) {
      try {
        results.add(tasks.get(i).get(deadline - System.nanoTime(), TimeUnit.NANOSECONDS));
      } catch (ExecutionException e) {
        if (e.getCause() instanceof Exception cause) {
          throw cause;
        }
        throw new AssertionError(e.getCause());
      } catch (TimeoutException e) {
        AssertionError error = new AssertionError(threads.get(i) + " does not terminate", e);
        error.setStackTrace(threads.get(i).getStackTrace());
        throw error;
      }
    }
    return results;
  }

  /** Interrupts all threads, and waits until they have terminated. */
  @Override
  public void close() {
    interrupt();
    for (Thread thread : threads) {
      try {
        thread.join(Timeouts.CEILING.toMillis());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new AssertionError(e);
      }
    }
  }
}
