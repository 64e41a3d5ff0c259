package dev.procdesc.cli;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The time until the command exists. A signal or the time limit ends {@code pd} then: it interrupts
 * the thread that starts the command, which may wait for the other end of a FIFO.
 *
 * <p>The kernel does not return from the creation of a process in a control group that is frozen,
 * until one of them is killed. So this process ends without that thread if it does not return.
 */
final class StartPhase {
  private static final Duration PATIENCE = Duration.ofSeconds(1);

  private final Thread starter = Thread.currentThread();

  // The following fields are guarded by this.

  private Optional<StartEnded> ended = Optional.empty();
  private boolean over;
  private Optional<Duration> limit = Optional.empty();
  private long limited;
  private Optional<Runnable> undo = Optional.empty();

  /** Ends the phase, unless it is over. */
  synchronized void end(StartEnded reason) {
    if (over || ended.isPresent()) {
      return;
    }
    ended = Optional.of(reason);
    starter.interrupt();
    inThread("end of the start", () -> endWithoutStarter(reason));
  }

  /** Sets the time, from now on, after which the phase ends; a former limit does not apply then. */
  synchronized void limit(Duration time) {
    if (limit.isEmpty()) {
      inThread("limit of the start", this::awaitLimit);
    }
    limit = Optional.of(time);
    limited = System.nanoTime();
    notifyAll();
  }

  /** Sets what is to be done before this process ends without the starting thread. */
  synchronized void undo(Runnable action) {
    undo = Optional.of(action);
  }

  /** Throws the reason if the phase was ended, in the starting thread. */
  synchronized void check() throws StartEnded {
    if (ended.isPresent()) {
      over();
      throw ended.get();
    }
  }

  /** Marks the end of the phase, in the starting thread. Nothing interrupts it any more. */
  synchronized void over() {
    over = true;
    notifyAll();
    if (ended.isPresent()) {
      boolean unused = Thread.interrupted();
    }
  }

  private static void inThread(String name, Runnable task) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    thread.start();
  }

  private synchronized void awaitLimit() {
    try {
      while (!over) {
        Duration time = limit.orElseThrow();
        long left = TimeUnit.NANOSECONDS.convert(time) - (System.nanoTime() - limited);
        if (left <= 0) {
          end(StartEnded.after(time));
          return;
        }
        TimeUnit.NANOSECONDS.timedWait(this, left);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized void endWithoutStarter(StartEnded reason) {
    try {
      long deadline = System.nanoTime() + PATIENCE.toNanos();
      for (long left = PATIENCE.toNanos(); left > 0 && !over; left = deadline - System.nanoTime()) {
        TimeUnit.NANOSECONDS.timedWait(this, left);
      }
      if (!over) {
        undo.ifPresent(Runnable::run);
        Runtime.getRuntime().halt(reason.exitCode());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
