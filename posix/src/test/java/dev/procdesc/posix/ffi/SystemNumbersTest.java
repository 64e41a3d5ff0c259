package dev.procdesc.posix.ffi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

final class SystemNumbersTest {
  @Test
  void numbersAreChosenOnce() {
    PosixNumbers chosen = TestNumbers.choose();
    SocketNumbers sockets = SystemNumbers.sockets();
    assertThrows(
        IllegalStateException.class,
        () -> SystemNumbers.choose(chosen, TestNumbers.sockets(true), SystemNumbers.setup()));
    assertSame(sockets, SystemNumbers.sockets());
  }

  @Test
  void equalNumbersMayBeChosenAgain() {
    PosixNumbers chosen = TestNumbers.choose();
    assertSame(chosen, TestNumbers.choose());
    assertEquals(TestNumbers.sockets(false), SystemNumbers.sockets());
  }
}
