package dev.procdesc.posix.io;

import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * A task that an executor runs after each request, and never twice at a time. Requests that come
 * while it runs make it run again.
 *
 * <p>An executor that runs its tasks in the calling thread is permitted: the task is then repeated
 * in a loop, so that the stack does not grow.
 */
final class SerialTask {
  /** A run of the task, which throws nothing. */
  interface Turn {
    /**
     * Performs a bounded amount of work.
     *
     * @return whether work is left, for which the executor is to run the task again
     */
    boolean run();
  }

  private final Executor executor;
  private final Turn turn;
  private final Consumer<Throwable> rejected;

  /** The number of requests that no run has served; the task is with the executor if positive. */
  private final AtomicInteger requests = new AtomicInteger();

  /**
   * Creates a task that was not requested.
   *
   * @param rejected called in the place of a run, once at most, with the exception of an executor
   *     that does not accept the task; the task never runs afterwards
   */
  SerialTask(Executor executor, Turn turn, Consumer<Throwable> rejected) {
    this.executor = executor;
    this.turn = turn;
    this.rejected = rejected;
  }

  /** Makes the task run, once more if it is running. */
  void request() {
    if (requests.getAndIncrement() == 0 && isToRunHere()) {
      run();
    }
  }

  /**
   * Runs another turn in this thread, unless the task is running or is with the executor.
   *
   * @return whether nothing is left to do; otherwise a request must follow
   */
  boolean tryRunHere(Turn other) {
    if (!requests.compareAndSet(0, 1)) {
      return false;
    }
    boolean workLeft = other.run();
    return requests.getAndSet(0) == 1 && !workLeft;
  }

  private void run() {
    int seen = requests.get();
    while (true) {
      if (turn.run()) {
        if (!isToRunHere()) {
          return;
        }
      } else {
        seen = requests.addAndGet(-seen);
        if (seen == 0) {
          return;
        }
      }
    }
  }

  /** Passes the task to the executor; returns whether that wants to run it in this thread. */
  private boolean isToRunHere() {
    Pass pass = new Pass();
    try {
      executor.execute(pass);
    } catch (RuntimeException | Error e) {
      rejected.accept(e);
      return false;
    }
    pass.returned = true;
    return pass.here;
  }

  private final class Pass implements Runnable {
    private final Thread owner = Thread.currentThread();

    /** Set when the executor has returned; accessed by the owner only. */
    private boolean returned;

    /** Set if the executor ran this before it returned; accessed by the owner only. */
    private boolean here;

    @Override
    public void run() {
      if (Thread.currentThread() == owner && !returned) {
        here = true;
      } else {
        SerialTask.this.run();
      }
    }
  }
}
