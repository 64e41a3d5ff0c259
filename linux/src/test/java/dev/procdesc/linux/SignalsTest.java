package dev.procdesc.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.procdesc.Signal;
import dev.procdesc.Spawner;
import dev.procdesc.linux.kernel.Numbers;
import dev.procdesc.linux.kernel.Signals;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

final class SignalsTest {
  @TestFactory
  Stream<DynamicNode> numbersAreThoseOfTheHeadersOnX86(@TempDir Path directory) throws Exception {
    return compare("x86_64", directory);
  }

  @TestFactory
  Stream<DynamicNode> numbersAreThoseOfTheHeadersOnAarch64(@TempDir Path directory)
      throws Exception {
    return compare("aarch64", directory);
  }

  private static Stream<DynamicNode> compare(String machine, Path directory) throws Exception {
    Optional<Cc> compiler = Cc.forMachine(machine);
    assumeTrue(compiler.isPresent(), "no C compiler for " + machine);
    List<String> headers = List.of("asm/signal.h");
    List<Cc.Constant> constants = Signal.standard().stream()
        .map(signal -> new Cc.Constant(signal.name(), signal.name(), headers))
        .toList();
    Map<String, Long> values = compiler.get().values(directory, constants);
    assumeTrue(!values.isEmpty(), "no headers for " + machine);
    return Signal.standard().stream()
        .map(signal -> dynamicTest(
            signal.name(),
            () -> assertEquals(values.get(signal.name()), (long) Signals.number(signal))));
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
    // SIGSTKFLT, SIGPWR and the real-time ones have no portable name.
    for (int number : new int[] {16, 30, 32, 33, 34, 64}) {
      assertEquals("SIG" + number, Signals.of(number).name());
    }
  }

  @Test
  void aNumberedSignalMayHaveANameAsWell() {
    assertEquals(15, Signals.number(Signal.of("SIG15")));
    assertFalse(Signal.of("SIG15").equals(Signal.TERM), "names are compared, not numbers");
  }

  @Test
  void aMaskHasNoRoomForSignalsThatThereAreNot() {
    // 65 would fall upon the bit of SIGHUP.
    for (String name : List.of("SIG65", "SIG99", "SIG128")) {
      Spawner spawner = Spawner.of("/bin/true").blockedSignals(Signal.of(name));
      assertThrows(IllegalArgumentException.class, () -> spawner.spawn().close(), name);
    }
  }
}
