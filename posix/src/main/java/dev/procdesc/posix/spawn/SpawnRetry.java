package dev.procdesc.posix.spawn;

import dev.procdesc.SpawnException;
import dev.procdesc.posix.ffi.PosixNumbers;
import java.io.IOException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;

/** Tries again what fails for a moment only: EAGAIN, and a program that is still being written. */
public final class SpawnRetry {
  /** ETXTBSY and EAGAIN pass within milliseconds or not at all: 1 + 2 + 4 … 64 ms in all. */
  private static final int ATTEMPTS = 8;

  private SpawnRetry() {}

  /** One attempt. */
  public interface Attempt<T> {
    /** The child. */
    T make() throws IOException;
  }

  /** Whether a failure may pass by itself, on any system. */
  public static boolean isPassing(SpawnException failure, PosixNumbers numbers) {
    boolean again = failure.errno() == numbers.eagain();
    return switch (failure.step()) {
      case CREATE -> again;
      case EXECUTE -> again || failure.errno() == PosixNumbers.ETXTBSY;
      default -> false;
    };
  }

  /** The outcome of the first attempt that does not fail for a passing reason, or of the last. */
  public static <T> T make(Predicate<SpawnException> passing, Attempt<T> attempt)
      throws IOException {
    for (int number = 1; ; number++) {
      try {
        return attempt.make();
      } catch (SpawnException e) {
        if (!passing.test(e) || number == ATTEMPTS || Thread.currentThread().isInterrupted()) {
          throw e;
        }
      }
      LockSupport.parkNanos(1_000_000L << (number - 1));
    }
  }
}
