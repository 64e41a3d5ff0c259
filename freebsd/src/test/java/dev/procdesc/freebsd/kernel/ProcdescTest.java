package dev.procdesc.freebsd.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.function.IntSupplier;
import org.junit.jupiter.api.Test;

/** Tests the repetition of a wait for a process that is not a zombie yet. */
final class ProcdescTest {
  /** Returns a wait that reports the change a while after the first call. */
  private static IntSupplier lateZombie() {
    long start = System.nanoTime();
    return () -> System.nanoTime() - start < 5_000_000 ? 0 : 1;
  }

  @Test
  void aWaitIsRepeatedUntilThereIsAZombie() {
    assertEquals(1, Procdesc.reap(lateZombie(), () -> true));
    assertEquals(0, Procdesc.reap(() -> 0, () -> false));
    assertEquals(-Numbers.POSIX.eagain(), Procdesc.reap(() -> 0, () -> true));
  }

  @Test
  void anInterruptedThreadPausesToo() {
    Thread.currentThread().interrupt();
    int outcome = Procdesc.reap(lateZombie(), () -> true);
    assertTrue(Thread.interrupted(), "the interrupt status is set");
    assertEquals(1, outcome);
  }
}
