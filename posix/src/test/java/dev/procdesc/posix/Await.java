package dev.procdesc.posix;

import static org.junit.jupiter.api.Assertions.fail;

import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waits for events, with time limits that only fail a test that hangs. */
public final class Await {
  /** The time limit in seconds; an environment variable raises it for slow machines. */
  public static final long CEILING_SECONDS = (long)
      (60 * Double.parseDouble(System.getenv().getOrDefault("PROCDESC_TIMEOUT_FACTOR", "1")));

  private Await() {}

  /** Waits for a result. */
  public static <T> T get(Future<T> future) throws InterruptedException {
    try {
      return future.get(CEILING_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw new AssertionError("failed in another thread", e.getCause());
    } catch (TimeoutException e) {
      return fail("nothing came within " + CEILING_SECONDS + " s", e);
    }
  }

  /** Waits for a count to fall to zero. */
  public static void zero(CountDownLatch latch) throws InterruptedException {
    if (!latch.await(CEILING_SECONDS, TimeUnit.SECONDS)) {
      fail(latch.getCount() + " events are missing after " + CEILING_SECONDS + " s");
    }
  }

  /** Waits until a thread terminates. */
  public static void end(Thread thread) throws InterruptedException {
    thread.join(TimeUnit.SECONDS.toMillis(CEILING_SECONDS));
    if (thread.isAlive()) {
      fail(thread + " does not end");
    }
  }

  /** Polls a condition that is not signalled by any event. */
  public static void until(String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(CEILING_SECONDS);
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        fail("not within " + CEILING_SECONDS + " s: " + what);
      }
      LockSupport.parkNanos(200_000);
    }
  }

  /** Waits until a thread is inside a method, the closest approximation of "it blocks now". */
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

  /** A task that may throw anything. */
  public interface Task<T> {
    T run() throws Exception;
  }

  /** A task that runs in a separate, known daemon thread. */
  public record Running<T>(Thread thread, CompletableFuture<T> result) {}

  /** Starts a task in a platform thread. */
  public static <T> Running<T> start(Task<T> task) {
    CompletableFuture<T> result = new CompletableFuture<>();
    Thread thread = new Thread(() -> complete(result, task), "test");
    thread.setDaemon(true);
    thread.start();
    return new Running<>(thread, result);
  }

  /** Runs a task and records its outcome. */
  public static <T> void complete(CompletableFuture<T> result, Task<T> task) {
    try {
      result.complete(task.run());
    } catch (Throwable e) {
      result.completeExceptionally(e);
    }
  }

  /** Returns the exception of a task; fails if there is none. */
  public static Throwable thrown(Future<?> future) throws InterruptedException {
    try {
      return fail("no exception, but " + future.get(CEILING_SECONDS, TimeUnit.SECONDS));
    } catch (ExecutionException e) {
      return Objects.requireNonNull(e.getCause());
    } catch (TimeoutException e) {
      return fail("nothing came within " + CEILING_SECONDS + " s", e);
    }
  }
}
