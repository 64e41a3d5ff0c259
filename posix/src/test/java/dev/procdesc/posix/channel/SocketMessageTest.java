package dev.procdesc.posix.channel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.posix.ffi.TestNumbers;
import dev.procdesc.posix.io.TestSystem;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the layout of messages on both systems: values that are written are read back. */
final class SocketMessageTest {
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void roundTrip(boolean linux) {
    for (int count : new int[] {0, 1, 2, 3, 253}) {
      List<Integer> descriptors = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        descriptors.add(100 + i);
      }
      try (SocketMessage message = new SocketMessage(TestNumbers.sockets(linux))) {
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
    try (SocketMessage message = new SocketMessage(TestNumbers.sockets(linux))) {
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
