package dev.procdesc.freebsd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.Signal;
import dev.procdesc.freebsd.kernel.Numbers;
import dev.procdesc.freebsd.kernel.Signals;
import dev.procdesc.posix.ffi.NativeArena;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class SignalsTest {
  @Test
  void numbersAreThoseOfTheHeaders() throws Exception {
    Map<String, Long> observed = Observed.constants("14.0");
    for (Signal signal : Signal.standard()) {
      assertEquals(observed.get(signal.name()), (long) Signals.number(signal), signal::name);
    }
  }

  @Test
  void everyStandardSignalHasANumberOfItsOwn() {
    Set<Integer> numbers = new HashSet<>();
    for (Signal signal : Signal.standard()) {
      int number = Signals.number(signal);
      assertTrue(number >= 1 && number <= 31, signal::name);
      assertTrue(numbers.add(number), signal::name);
      assertEquals(signal, Signals.of(number));
    }
  }

  @Test
  void everyNumberIsASignal() {
    for (int number = 1; number <= Numbers.NSIG; number++) {
      Signal signal = Signals.of(number);
      assertEquals(number, Signals.number(signal), signal::name);
      assertEquals(Signal.standard().contains(signal), !signal.name().equals("SIG" + number));
    }
    // SIGEMT, SIGINFO, SIGTHR, SIGLIBRT and the real-time ones have no portable name.
    for (int number : new int[] {7, 29, 32, 33, 65, 126}) {
      assertEquals("SIG" + number, Signals.of(number).name());
    }
  }

  @Test
  void aNumberedSignalMayHaveANameAsWell() {
    assertEquals(30, Signals.number(Signal.of("SIG30")));
    assertFalse(Signal.of("SIG30").equals(Signal.USR1), "names are compared, not numbers");
  }

  private static long[] mask(Signal... signals) {
    try (NativeArena arena = new NativeArena()) {
      NativeArena.Place before = arena.allocate(8);
      long address = Signals.mask(arena, List.of(signals));
      ByteBuffer bytes = before.bytes();
      int at = before.at() + (int) (address - before.address());
      return new long[] {bytes.getLong(at), bytes.getLong(at + 8)};
    }
  }

  @Test
  void aMaskHasTwoWords() {
    assertArrayEquals(new long[] {0, 0}, mask());
    assertArrayEquals(
        new long[] {1L | 1L << 29, 1L}, mask(Signal.HUP, Signal.USR1, Signal.of("SIG65")));
    assertArrayEquals(
        new long[] {Long.MIN_VALUE, Long.MIN_VALUE}, mask(Signal.of("SIG64"), Signal.of("SIG128")));
  }

  @Test
  void aMaskHasNoRoomForSignalsThatThereAreNot() {
    for (String name : List.of("SIG129", "SIG999")) {
      assertThrows(IllegalArgumentException.class, () -> mask(Signal.of(name)), name);
    }
  }
}
