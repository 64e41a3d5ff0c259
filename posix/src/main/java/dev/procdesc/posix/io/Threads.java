package dev.procdesc.posix.io;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.function.IntConsumer;

/** The library's own threads, and which kind of thread is running. */
public final class Threads {
  /** Virtual threads came after the Java version that we compile for. */
  private static final MethodHandle IS_VIRTUAL = find();

  private Threads() {}

  private static MethodHandle find() {
    MethodType type = MethodType.methodType(boolean.class);
    try {
      return MethodHandles.publicLookup().findVirtual(Thread.class, "isVirtual", type);
    } catch (NoSuchMethodException | IllegalAccessException e) {
      return MethodHandles.dropArguments(
          MethodHandles.constant(boolean.class, false), 0, Thread.class);
    }
  }

  /**
   * Starts a thread of the library. It inherits no thread-locals and no class loader, because it
   * outlives whoever was first to need it.
   *
   * @throws OutOfMemoryError if the system has no thread left
   */
  public static void startDaemon(String name, Runnable body) {
    Thread thread = new Thread(null, body, name, 0, false);
    thread.setDaemon(true);
    thread.setContextClassLoader(null);
    thread.start();
  }

  /**
   * Starts a thread of the library that has a descriptor lent for as long as it runs.
   *
   * @throws OutOfMemoryError if the system has no thread left
   */
  public static void startDaemon(String name, OwnedDescriptor descriptor, IntConsumer body) {
    int fd = descriptor.acquire();
    try {
      startDaemon(name, () -> {
        try {
          body.accept(fd);
        } finally {
          descriptor.release();
        }
      });
    } catch (OutOfMemoryError e) {
      descriptor.release();
      throw e;
    }
  }

  /** Whether a blocking native call in this thread would hold a carrier. */
  public static boolean isVirtual() {
    try {
      return (boolean) IS_VIRTUAL.invokeExact(Thread.currentThread());
    } catch (Throwable e) {
      throw new AssertionError("Thread.isVirtual throws nothing", e);
    }
  }
}
