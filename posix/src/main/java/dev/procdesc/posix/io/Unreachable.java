package dev.procdesc.posix.io;

import java.lang.ref.Cleaner;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The cleanup after objects that became unreachable without having been closed. One thread runs all
 * of it.
 */
public final class Unreachable {
  private static final long STEP_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
  private static final int STEPS = 200;
  private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);

  private static final Cleaner CLEANER = Cleaner.create();

  /** The number of registrations whose cleanup has not run. */
  private static final AtomicInteger REGISTERED = new AtomicInteger();

  /** The time of the last collection that was in vain. */
  private static final AtomicLong IN_VAIN = new AtomicLong(System.nanoTime() - PAUSE_NANOS);

  private Unreachable() {}

  /**
   * Registers the cleanup after an object.
   *
   * @param cleanup never blocks, and does not refer to the object
   * @return runs the cleanup, unless it has run, and cancels the registration
   */
  public static Cleaner.Cleanable register(Object object, Runnable cleanup) {
    REGISTERED.incrementAndGet();
    return CLEANER.register(object, () -> {
      try {
        cleanup.run();
      } finally {
        REGISTERED.decrementAndGet();
      }
    });
  }

  /**
   * Has the garbage collector look for unreachable objects, because descriptors are short. Does
   * nothing if all objects were closed, or if a collection was in vain a moment ago: an application
   * that needs all of its descriptors must not spend its time on collections.
   *
   * @return whether the cleanup after some objects has run; that after others may follow
   */
  public static boolean collect() {
    int before = REGISTERED.get();
    if (before == 0 || System.nanoTime() - IN_VAIN.get() < PAUSE_NANOS) {
      return false;
    }
    System.gc();
    for (int step = 0; step < STEPS && REGISTERED.get() >= before; step++) {
      Threads.pause(STEP_NANOS);
    }
    boolean useful = REGISTERED.get() < before;
    if (!useful) {
      IN_VAIN.set(System.nanoTime());
    }
    return useful;
  }
}
