package dev.procdesc.testing;

import static org.junit.jupiter.api.Assertions.fail;

import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waits for events, and for conditions that no event announces; a wait that hangs fails. */
public final class Await {
  private Await() {}

  /**
   * Waits for the result of a future.
   *
   * @param future the future
   * @param <T> its result
   * @return the result
   * @throws InterruptedException if this thread is interrupted
   */
  public static <T> T get(Future<T> future) throws InterruptedException {
    try {
      return future.get(Timeouts.CEILING.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw new AssertionError("failed in another thread", e.getCause());
    } catch (TimeoutException e) {
      return fail("nothing came within " + Timeouts.CEILING, e);
    }
  }

  /**
   * Waits until a count is zero.
   *
   * @param latch the count
   * @throws InterruptedException if this thread is interrupted
   */
  public static void zero(CountDownLatch latch) throws InterruptedException {
    if (!latch.await(Timeouts.CEILING.toSeconds(), TimeUnit.SECONDS)) {
      fail(latch.getCount() + " events are missing after " + Timeouts.CEILING);
    }
  }

  /**
   * Waits until a thread has terminated.
   *
   * @param thread the thread
   * @throws InterruptedException if this thread is interrupted
   */
  public static void end(Thread thread) throws InterruptedException {
    thread.join(Timeouts.CEILING.toMillis());
    if (thread.isAlive()) {
      fail(thread + " does not end");
    }
  }

  /**
   * Waits until a condition holds, and fails if that does not happen.
   *
   * @param what the condition in words, for the failure
   * @param condition the condition
   */
  public static void until(String what, BooleanSupplier condition) {
    if (!holds(Timeouts.CEILING, condition)) {
      fail("waited " + Timeouts.CEILING + " in vain until " + what);
    }
  }

  /**
   * Waits until a condition holds or a time has passed, by polling.
   *
   * @param ceiling the time
   * @param condition the condition
   * @return whether it held
   */
  public static boolean holds(Duration ceiling, BooleanSupplier condition) {
    long deadline = System.nanoTime() + ceiling.toNanos();
    long pause = 100_000;
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        return false;
      }
      LockSupport.parkNanos(pause);
      pause = Math.min(2 * pause, 20_000_000);
    }
    return true;
  }

  /**
   * Waits until a thread is inside a method, which approximates that it blocks there.
   *
   * @param thread the thread
   * @param method the name of the method
   */
  public static void inside(Thread thread, String method) {
    until(thread + " is inside " + method, () -> {
      for (StackTraceElement frame : thread.getStackTrace()) {
        if (frame.getMethodName().equals(method)) {
          return true;
        }
      }
      if (thread.getState() == Thread.State.TERMINATED) {
        fail(thread + " has ended and was not seen inside " + method);
      }
      return false;
    });
  }

  /**
   * A task that may throw any exception.
   *
   * @param <T> its result
   */
  public interface Task<T> {
    /**
     * Runs the task.
     *
     * @return its result
     * @throws Exception if it fails
     */
    T run() throws Exception;
  }

  /**
   * A task that runs in a daemon thread.
   *
   * @param thread the thread
   * @param result the result of the task
   * @param <T> the type of the result
   */
  public record Running<T>(Thread thread, CompletableFuture<T> result) {}

  /**
   * Starts a task in a platform thread.
   *
   * @param task the task
   * @param <T> its result
   * @return the running task
   */
  public static <T> Running<T> start(Task<T> task) {
    CompletableFuture<T> result = new CompletableFuture<>();
    Thread thread = new Thread(() -> complete(result, task), "test");
    thread.setDaemon(true);
    thread.start();
    return new Running<>(thread, result);
  }

  /**
   * Runs a task and completes a future with its outcome.
   *
   * @param result the future
   * @param task the task
   * @param <T> the result
   */
  public static <T> void complete(CompletableFuture<T> result, Task<T> task) {
    try {
      result.complete(task.run());
    } catch (Throwable e) {
      result.completeExceptionally(e);
    }
  }

  /**
   * Waits for a task that must fail.
   *
   * @param future the future of the task
   * @return the exception of the task
   * @throws InterruptedException if this thread is interrupted
   */
  public static Throwable thrown(Future<?> future) throws InterruptedException {
    try {
      return fail(
          "no exception, but " + future.get(Timeouts.CEILING.toSeconds(), TimeUnit.SECONDS));
    } catch (ExecutionException e) {
      return Objects.requireNonNull(e.getCause());
    } catch (TimeoutException e) {
      return fail("nothing came within " + Timeouts.CEILING, e);
    }
  }
}
