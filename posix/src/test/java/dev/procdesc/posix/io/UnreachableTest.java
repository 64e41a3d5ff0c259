package dev.procdesc.posix.io;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/** Collections on request, when descriptors are short. */
final class UnreachableTest {
  @Test
  void aCollectionWaitsForACleaningThreadThatIsLate() {
    drop();
    assertTrue(Unreachable.collect());
  }

  /** Registers an object that is unreachable at once, and whose cleanup comes late. */
  private static void drop() {
    Unreachable.register(
        new Object(), () -> LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(500)));
  }
}
