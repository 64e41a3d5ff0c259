package dev.procdesc.posix.ffi;

import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The numbers of the running system, for the code that does not depend on the system otherwise. The
 * backend that runs in this JVM chooses them before it uses that code.
 */
public final class SystemNumbers {
  private record Chosen(PosixNumbers posix, SocketNumbers sockets, SetupNumbers setup) {}

  private static final AtomicReference<@Nullable Chosen> CHOSEN = new AtomicReference<>();

  private SystemNumbers() {}

  /**
   * Chooses the numbers. Choosing the same numbers again has no effect.
   *
   * @throws IllegalStateException if other numbers were chosen before
   */
  public static void choose(PosixNumbers posix, SocketNumbers sockets, SetupNumbers setup) {
    Chosen numbers = new Chosen(posix, sockets, setup);
    Chosen earlier = CHOSEN.compareAndExchange(null, numbers);
    if (earlier != null && !earlier.equals(numbers)) {
      throw new IllegalStateException("the numbers of another system are in use in this JVM");
    }
  }

  private static Chosen chosen() {
    Chosen numbers = CHOSEN.get();
    if (numbers == null) {
      throw new IllegalStateException("no backend has chosen the numbers of the system");
    }
    return numbers;
  }

  /** Returns the numbers of files, memory and errors. */
  public static PosixNumbers posix() {
    return chosen().posix;
  }

  /** Returns the numbers and layouts of sockets. */
  public static SocketNumbers sockets() {
    return chosen().sockets;
  }

  /** Returns the numbers of the system calls in the script of a child. */
  public static SetupNumbers setup() {
    return chosen().setup;
  }
}
