package dev.procdesc.posix.io;

import dev.procdesc.posix.ffi.Pooling;
import java.lang.ref.Cleaner;
import java.lang.ref.WeakReference;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The cleanup after objects that became unreachable without having been closed. One thread runs all
 * of it. It ends when the cleaner is unreachable; so the cleaner is held by the registrations, and
 * here only while a watcher runs, until the library is idle. A static cleaner would keep its thread
 * for as long as this class is loaded.
 */
public final class Unreachable {
  private static final long STEP_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  /** The steps to wait for the cleaning thread, which a busy machine may not run for long. */
  private static final int STEPS = 2000;

  /** The steps to wait for it when it has begun and runs nothing. */
  private static final int IDLE_STEPS = 200;

  private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** A further pause if no collection came: -XX:+DisableExplicitGC disables those on request. */
  private static final long DISABLED_NANOS = TimeUnit.MINUTES.toNanos(1);

  private static WeakReference<Cleaner> latest = new WeakReference<>(null);

  @SuppressWarnings("unused") // Its only purpose is to be a reference.
  private static @Nullable Cleaner held;

  /** The number of registrations whose cleanup has not run. */
  private static final AtomicInteger REGISTERED = new AtomicInteger();

  /** The number of cleanups that run. */
  private static final AtomicInteger RUNNING = new AtomicInteger();

  /** The time of the last collection that was in vain, or later if it did not come at all. */
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
    Cleaner cleaner = cleaner();
    return new Registration(cleaner, cleaner.register(object, new Cleanup(cleanup)));
  }

  /** A cleanup that is counted. */
  private record Cleanup(Runnable body) implements Runnable {
    @Override
    public void run() {
      RUNNING.incrementAndGet();
      try {
        body.run();
      } finally {
        REGISTERED.decrementAndGet();
        RUNNING.decrementAndGet();
      }
    }
  }

  /** A registration, which the registered object holds, and which holds the cleaner. */
  private record Registration(Cleaner cleaner, Cleaner.Cleanable cleanable)
      implements Cleaner.Cleanable {
    @Override
    public void clean() {
      cleanable.clean();
    }
  }

  private static synchronized Cleaner cleaner() {
    Cleaner cleaner = latest.get();
    if (cleaner == null) {
      cleaner = Cleaner.create();
      latest = new WeakReference<>(cleaner);
    }
    held = Pooling.isOn() ? cleaner : null;
    return cleaner;
  }

  /** Lets the thread end as soon as no object is registered. */
  static synchronized void letGo() {
    held = null;
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
    AtomicBoolean mark = mark();
    System.gc();
    int idle = 0;
    for (int step = 0; step < STEPS && idle < IDLE_STEPS && REGISTERED.get() >= before; step++) {
      Threads.pause(STEP_NANOS);
      // The other objects of the collection come with the mark, or soon after it.
      idle = mark.get() && RUNNING.get() == 0 ? idle + 1 : 0;
    }
    boolean useful = REGISTERED.get() < before;
    if (!useful) {
      IN_VAIN.set(System.nanoTime() + (mark.get() ? 0 : DISABLED_NANOS));
    }
    return useful;
  }

  /** Returns what becomes true when the cleaning thread handles the objects of a collection. */
  private static AtomicBoolean mark() {
    AtomicBoolean mark = new AtomicBoolean();
    cleaner().register(new Object(), () -> mark.set(true));
    return mark;
  }
}
