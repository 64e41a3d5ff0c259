package dev.procdesc.posix.io;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;

/** Starts the threads of the library, and recognizes virtual threads. */
public final class Threads {
  private Threads() {}

  /** {@code Thread.isVirtual()}, which is newer than the Java version that this is compiled for. */
  private static final class Virtual {
    private static final MethodHandle TEST = find();

    private Virtual() {}

    private static MethodHandle find() {
      MethodType type = MethodType.methodType(boolean.class);
      try {
        return MethodHandles.publicLookup().findVirtual(Thread.class, "isVirtual", type);
      } catch (NoSuchMethodException | IllegalAccessException e) {
        return MethodHandles.dropArguments(
            MethodHandles.constant(boolean.class, false), 0, Thread.class);
      }
    }

    static boolean test(Thread thread) {
      try {
        return (boolean) TEST.invokeExact(thread);
      } catch (Throwable e) {
        throw new AssertionError("Thread.isVirtual throws nothing", e);
      }
    }
  }

  /**
   * Creates a thread without starting it. It inherits neither inheritable thread-locals nor a
   * context class loader from the current thread, because it outlives its first user.
   */
  static Thread prepare(String name, Runnable body) {
    Thread thread = new Thread(null, body, name, 0, false);
    thread.setContextClassLoader(null);
    return thread;
  }

  /**
   * Starts a daemon thread, which inherits nothing from the current one.
   *
   * @throws OutOfMemoryError if the system cannot create another thread
   */
  public static void startDaemon(String name, Runnable body) {
    Thread thread = prepare(name, body);
    thread.setDaemon(true);
    thread.start();
  }

  /**
   * Starts a daemon thread that holds a loan of a descriptor for as long as it runs.
   *
   * @throws OutOfMemoryError if the system cannot create another thread
   */
  public static void startDaemon(String name, OwnedDescriptor descriptor, IntConsumer body) {
    OwnedDescriptor.Loan loan = descriptor.lend();
    try {
      startDaemon(name, () -> {
        try (loan) {
          body.accept(loan.fd());
        }
      });
    } catch (OutOfMemoryError e) {
      loan.close();
      throw e;
    }
  }

  /**
   * Pauses the current thread between two attempts, also if it is interrupted: such a thread does
   * not park, so it would make all attempts at once. Its interrupt status remains set.
   */
  public static void pause(long nanos) {
    Deadline deadline = Deadline.in(nanos);
    boolean interrupted = false;
    while (!deadline.isOver()) {
      interrupted |= Thread.interrupted();
      // An interrupt also lets the next call return at once.
      LockSupport.parkNanos(deadline.left());
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Returns whether the current thread is virtual, so that a blocking native call pins a carrier.
   */
  public static boolean isVirtual() {
    Thread thread = Thread.currentThread();
    // A virtual thread is of a subclass. Most others are not, so that no method handle is needed.
    return thread.getClass() != Thread.class && Virtual.test(thread);
  }
}
