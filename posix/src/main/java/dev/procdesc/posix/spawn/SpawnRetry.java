package dev.procdesc.posix.spawn;

import dev.procdesc.SpawnException;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.ffi.SystemNumbers;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/**
 * Retries after temporary failures: EAGAIN, and a program file that is still open for writing. Also
 * continues a search for the program that takes several attempts.
 */
public final class SpawnRetry {
  /**
   * The number of attempts. ETXTBSY and EAGAIN pass within milliseconds or not at all: 1 + 2 + 4 …
   * 64 ms in all.
   */
  private static final int ATTEMPTS = 8;

  private SpawnRetry() {}

  /** A spawn that can be attempted several times. */
  public interface Attempt {
    /** Creates the child. */
    Launcher.Launched make() throws IOException;

    /** Returns the spawn that is attempted. */
    PreparedSpawn prepared();

    /** Returns whether a failure may be temporary. */
    default boolean isPassing(SpawnException failure) {
      boolean again = failure.errno() == SystemNumbers.posix().eagain();
      return switch (failure.step()) {
        case CREATE -> again;
        case EXECUTE -> again || failure.errno() == PosixNumbers.ETXTBSY;
        default -> false;
      };
    }
  }

  /**
   * Returns the result of the first attempt that does not fail with a temporary error, or of the
   * last.
   */
  public static Launcher.Launched make(Attempt attempt) throws IOException {
    int number = 1;
    while (true) {
      try {
        return attempt.make();
      } catch (SpawnException e) {
        Optional<PathSearch> search = attempt.prepared().search();
        if (search.isPresent() && search.get().takeResumed()) {
          continue;
        }
        if (!attempt.isPassing(e)
            || number == ATTEMPTS
            || Thread.currentThread().isInterrupted()) {
          throw e;
        }
      }
      LockSupport.parkNanos(1_000_000L << (number - 1));
      number++;
    }
  }
}
