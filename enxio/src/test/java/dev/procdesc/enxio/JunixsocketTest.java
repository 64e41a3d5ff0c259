package dev.procdesc.enxio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.testing.Timeouts;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.newsclub.net.unix.AFSocketCapability;
import org.newsclub.net.unix.AFUNIXSocket;
import org.newsclub.net.unix.AFUNIXSocketChannel;
import org.newsclub.net.unix.FileDescriptorCast;

/** Tests a child that a channel of junixsocket drives. */
final class JunixsocketTest {
  @Test
  void aChannelDrivesAChildWithHalfClose() throws Exception {
    assumeTrue(
        AFUNIXSocket.supports(AFSocketCapability.CAPABILITY_UNSAFE),
        "junixsocket makes channels of numbers");
    Spawner sort = Spawner.of("sort", "-n").stdin(Stdio.socketPair()).stdout(Stdio.socketPair());
    try (ChildProcess child = sort.spawn()) {
      int fd = child.socket().detach();
      try (AFUNIXSocketChannel channel =
          FileDescriptorCast.unsafeUsing(fd).as(AFUNIXSocketChannel.class)) {
        ByteBuffer numbers = StandardCharsets.UTF_8.encode("3\n1\n2\n");
        while (numbers.hasRemaining()) {
          channel.write(numbers);
        }
        channel.shutdownOutput(); // sort writes once its input has ended.
        ByteBuffer sorted = ByteBuffer.allocate(100);
        int count = channel.read(sorted);
        while (count > 0) {
          count = channel.read(sorted);
        }
        assertEquals("1\n2\n3\n", StandardCharsets.UTF_8.decode(sorted.flip()).toString());
      }
      assertFalse(child.stdin().isOpen());
      assertEquals(new Exited(0), child.waitFor(Timeouts.CEILING).orElseThrow());
    }
  }
}
