package dev.procdesc.posix.channel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.posix.io.TestSystem;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the layout of messages on both systems: values that are written are read back. */
final class SocketMessageTest {
  static SocketNumbers numbers(boolean linux) {
    return linux
        ? new SocketNumbers(
            0x80000,
            0x800,
            1,
            3,
            7,
            8,
            1,
            OptionalInt.of(4),
            0x40,
            0x4000,
            0x40000000,
            0x20,
            0x8,
            0x2000,
            0x541B,
            true,
            48,
            false,
            108,
            OptionalInt.empty(),
            OptionalInt.empty(),
            OptionalInt.empty())
        : new SocketNumbers(
            0x10000000,
            0x20000000,
            0xFFFF,
            0x1008,
            0x1001,
            0x1002,
            1,
            OptionalInt.empty(),
            0x80,
            0x20000,
            0x40000,
            0x10,
            0x20,
            0x4000,
            0x4004667FL,
            false,
            44,
            true,
            104,
            OptionalInt.of(0x8),
            OptionalInt.of(40),
            OptionalInt.of(0x10000));
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void roundTrip(boolean linux) {
    for (int count : new int[] {0, 1, 2, 3, 253}) {
      List<Integer> descriptors = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        descriptors.add(100 + i);
      }
      try (SocketMessage message = new SocketMessage(numbers(linux))) {
        byte[] payload = {1, 2, 3};
        message.fill(payload, descriptors);
        assertEquals(descriptors, message.descriptors());
        assertArrayEquals(payload, message.payload(payload.length));
        assertEquals(0, message.flags());
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aMessageIsReusedWithoutWhatItHadBefore(boolean linux) {
    TestSystem.Pipe pipe = TestSystem.pipe();
    try (SocketMessage message = new SocketMessage(numbers(linux))) {
      message.fill(new byte[1], List.of(pipe.readEnd()));
      assertEquals(List.of(pipe.readEnd()), message.descriptors());
      assertTrue(TestSystem.isOpen(pipe.readEnd()));
      message.fill(new byte[1], List.of());
      assertEquals(List.of(), message.descriptors());
    } finally {
      pipe.close();
    }
  }
}
