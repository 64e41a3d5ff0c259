package dev.procdesc.posix.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Tests the conversion of timeouts, in particular of those that overflow nanoseconds. */
final class DeadlineTest {
  private static final Duration LONGEST_IN_NANOS = Duration.ofNanos(Long.MAX_VALUE);

  @Test
  void convertsTimeoutsToNanoseconds() {
    assertEquals(0, Deadline.nanos(Duration.ZERO));
    assertEquals(1, Deadline.nanos(Duration.ofNanos(1)));
    assertEquals(2_500_000_000L, Deadline.nanos(Duration.ofMillis(2_500)));
    assertEquals(
        (LONGEST_IN_NANOS.toSeconds() - 1) * 1_000_000_000 + 999_999_999,
        Deadline.nanos(Duration.ofSeconds(LONGEST_IN_NANOS.toSeconds()).minusNanos(1)));
  }

  @Test
  void saturates() {
    assertEquals(0, Deadline.nanos(Duration.ofNanos(-1)));
    assertEquals(0, Deadline.nanos(Duration.ofSeconds(Long.MIN_VALUE)));
    assertEquals(Long.MAX_VALUE, Deadline.nanos(LONGEST_IN_NANOS));
    assertEquals(Long.MAX_VALUE, Deadline.nanos(LONGEST_IN_NANOS.plusNanos(1)));
    assertEquals(Long.MAX_VALUE, Deadline.nanos(Duration.ofSeconds(Long.MAX_VALUE)));
  }

  @Test
  void passes() {
    assertTrue(Deadline.in(Duration.ZERO).isOver());
    assertTrue(Deadline.in(-1).isOver());
    assertFalse(Deadline.in(Long.MAX_VALUE - 1).isOver());
    assertEquals(Deadline.NONE, Deadline.in(Duration.ofSeconds(Long.MAX_VALUE)));
    assertEquals(Long.MAX_VALUE, Deadline.NONE.left());
    assertFalse(Deadline.NONE.isOver());
  }
}
