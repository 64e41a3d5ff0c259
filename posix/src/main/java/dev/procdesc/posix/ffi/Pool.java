package dev.procdesc.posix.ffi;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A pool of unused resources, whose size is limited. Thread-safe.
 *
 * <p>A monitor guards it. The concurrent collections of the JDK work through VarHandles, which take
 * many times as long until the JVM has compiled the code that uses them, and most programs spawn
 * too few children for that.
 *
 * @param <T> a resource
 */
public final class Pool<T> {
  private final int limit;
  private final List<T> unused = new ArrayList<>();

  /** Creates an empty pool. */
  public Pool(int limit) {
    this.limit = limit;
  }

  /** Takes the resource that was put in last; returns null if the pool is empty. */
  public synchronized @Nullable T take() {
    return unused.isEmpty() ? null : unused.remove(unused.size() - 1);
  }

  /** Puts a resource in; returns false if the pool is full. */
  public synchronized boolean put(T resource) {
    return unused.size() < limit && unused.add(resource);
  }
}
