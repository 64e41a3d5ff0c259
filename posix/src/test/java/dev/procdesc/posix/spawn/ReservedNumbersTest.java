package dev.procdesc.posix.spawn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.io.TestSystem;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class ReservedNumbersTest {
  private final ReservedNumbers numbers = new ReservedNumbers();
  private final TestSystem.Pipe pipe = TestSystem.pipe();

  /** A descriptor that is worth moving; the only one of the pipe's write end. */
  private final int high = TestSystem.duplicate(pipe.writeEnd(), 900);

  @BeforeEach
  void reserve() {
    LibC.close(pipe.writeEnd());
    numbers.reserve();
  }

  @AfterEach
  void close() {
    LibC.close(pipe.readEnd());
    numbers.idle();
    numbers.idle();
  }

  @Test
  void aPlacedDescriptorIsOpenUntilItsNumberIsGivenBack() {
    int low = numbers.place(high, 3).orElseThrow();
    assertTrue(low >= 3 && low < high, () -> "number " + low);
    LibC.close(high);
    assertEquals(1, TestSystem.writeByte(low, 'x'));
    assertEquals('x', TestSystem.readByte(pipe.readEnd()));
    numbers.giveBack(low);
    assertEquals(-1, TestSystem.readByte(pipe.readEnd()), "the end of file");
    assertTrue(TestSystem.isOpen(low), "the number is reserved again");
  }

  @Test
  void aNumberIsNotGivenOutTwice() {
    List<Integer> taken = new ArrayList<>();
    OptionalInt next = numbers.place(high, 0);
    while (next.isPresent()) {
      assertFalse(taken.contains(next.getAsInt()));
      taken.add(next.getAsInt());
      next = numbers.place(high, 0);
    }
    assertFalse(taken.isEmpty());
    numbers.giveBack(taken.get(0));
    assertEquals(OptionalInt.of(taken.get(0)), numbers.place(high, 0));
    taken.forEach(numbers::giveBack);
    LibC.close(high);
  }

  @Test
  void numbersThatTheChildUsesAreNotGivenOut() {
    assertEquals(OptionalInt.empty(), numbers.place(high, high));
    LibC.close(high);
  }

  @Test
  void aLowDescriptorIsNotMoved() {
    assertEquals(OptionalInt.empty(), numbers.place(pipe.readEnd(), 0));
    LibC.close(high);
  }

  @Test
  void numbersInUseOutliveTheIdleTime() {
    int low = numbers.place(high, 0).orElseThrow();
    LibC.close(high);
    numbers.idle();
    numbers.idle();
    assertEquals(1, TestSystem.writeByte(low, 'x'));
    numbers.giveBack(low);
    TestSystem.assertClosed(low);
    numbers.reserve();
  }

  @Test
  void nothingStaysOpenAfterAnIdleTime() {
    int low = numbers.place(high, 0).orElseThrow();
    LibC.close(high);
    numbers.giveBack(low);
    numbers.idle();
    assertTrue(TestSystem.isOpen(low), "the number was used a moment ago");
    numbers.idle();
    TestSystem.assertClosed(low);
  }
}
