package dev.procdesc.posix.ffi;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * The permission to pool unused resources. It exists only while a thread runs that frees them after
 * an idle time. An application that never needs that thread, or that does something after its end,
 * leaves nothing in the pools, so that its class loader can be unloaded.
 *
 * <p>A pool puts a resource in first and then calls {@link #isOn()}, and empties itself if the
 * answer is false. The thread calls {@link #end()} first and empties the pools then. So one of the
 * two sees the resource.
 */
public final class Pooling {
  private static final AtomicInteger KEEPERS = new AtomicInteger();

  private Pooling() {}

  /** Begins the use of pools, on behalf of a thread that frees what is unused. */
  public static void begin() {
    KEEPERS.incrementAndGet();
  }

  /** Ends the use of pools that {@link #begin()} began. The caller then empties the pools. */
  public static void end() {
    KEEPERS.decrementAndGet();
  }

  /** Returns whether resources may be pooled. */
  public static boolean isOn() {
    return KEEPERS.get() > 0;
  }
}
