package dev.procdesc.enxio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.testing.Timeouts;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import jnr.enxio.channels.NativeSelectorProvider;
import org.junit.jupiter.api.Test;

/** Tests the channels in a selector of jnr-enxio. */
final class SelectorTest {
  private static Spawner sh(String script) {
    return Spawner.of("/bin/sh", "-c", script).stdin(Stdio.pipe()).stdout(Stdio.pipe());
  }

  private static Selector selector() throws IOException {
    return NativeSelectorProvider.getInstance().openSelector();
  }

  private static SelectionKey register(SelectableChannel channel, Selector selector, int ops)
      throws IOException {
    channel.configureBlocking(false);
    return channel.register(selector, ops);
  }

  /** Waits until a key is selected, and consumes the selection. */
  private static void select(Selector selector, SelectionKey key) throws IOException {
    long deadline = System.nanoTime() + Timeouts.CEILING.toNanos();
    while (!selector.selectedKeys().remove(key)) {
      assertTrue(System.nanoTime() < deadline, "nothing is selected");
      selector.select(Timeouts.CEILING.toMillis());
    }
    assertTrue(key.isValid());
  }

  @Test
  void theEndOfAChildIsSelected() throws Exception {
    try (Selector selector = selector();
        ChildProcess child = sh("read -r line; exit 3").spawn();
        ExitChannel exit = ExitChannel.open(child)) {
      SelectionKey key = register(exit, selector, SelectionKey.OP_READ);
      assertEquals(0, selector.selectNow());
      assertSame(child, exit.process());
      child.stdin().close();
      select(selector, key);
      assertTrue(key.isReadable());
      assertEquals(Optional.of(new Exited(3)), child.poll());
    }
  }

  @Test
  void theEndIsSelectedAlsoIfItIsOver() throws Exception {
    try (Selector selector = selector();
        ChildProcess child = sh("exit 0").spawn()) {
      child.waitFor();
      try (ExitChannel exit = ExitChannel.open(child)) {
        select(selector, register(exit, selector, SelectionKey.OP_READ));
      }
    }
  }

  /** Returns what a descriptor refers to; empty if it is not open, or without such links. */
  private static Optional<Path> target(int fd) {
    try {
      return Optional.of(Files.readSymbolicLink(Path.of("/proc/self/fd/" + fd)));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  @Test
  void aClosedExitChannelHoldsNoDescriptor() throws Exception {
    try (ChildProcess child = sh("exec cat").spawn()) {
      ExitChannel exit = ExitChannel.open(child);
      int fd = exit.getFD();
      Optional<Path> socket = target(fd);
      assumeTrue(socket.isPresent(), "/proc/self/fd");
      exit.close();
      assertNotEquals(socket, target(fd));
      assertTrue(child.isAlive());
    }
  }

  @Test
  void dataIsSelectedAndRead() throws Exception {
    try (Selector selector = selector();
        ChildProcess child = sh("exec cat").spawn();
        PipeInputChannel output = PipeInputChannel.of(child.stdout());
        PipeOutputChannel input = PipeOutputChannel.of(child.stdin())) {
      SelectionKey readable = register(output, selector, SelectionKey.OP_READ);
      SelectionKey writable = register(input, selector, SelectionKey.OP_WRITE);
      select(selector, writable);
      writable.interestOps(0);
      selector.selectedKeys().clear();
      ByteBuffer buffer = ByteBuffer.allocate(100);
      assertEquals(0, output.read(buffer));
      assertEquals(5, input.write(StandardCharsets.UTF_8.encode("abcde")));
      select(selector, readable);
      assertEquals(5, output.read(buffer));
      assertEquals("abcde", StandardCharsets.UTF_8.decode(buffer.flip()).toString());
      assertEquals(0, output.read(buffer.clear()));
      writable.cancel();
      selector.selectNow(); // From now on the selector does not use the number.
      child.stdin().close();
      assertFalse(child.stdin().isOpen());
      select(selector, readable);
      assertEquals(-1, output.read(buffer));
      assertEquals(new Exited(0), child.waitFor(Timeouts.CEILING).orElseThrow());
    }
  }

  /** Fills a pipe whose reader waits, and registers it for the room that there is not. */
  private static SelectionKey fill(PipeOutputChannel pipe, ByteBuffer much, Selector selector)
      throws IOException {
    pipe.configureBlocking(false);
    while (pipe.write(much) > 0) {
      // Until it is full.
    }
    assertTrue(much.hasRemaining());
    SelectionKey key = register(pipe, selector, SelectionKey.OP_WRITE);
    assertEquals(0, selector.selectNow());
    return key;
  }

  @Test
  void roomIsSelected() throws Exception {
    Spawner waiting =
        sh("read -r line <&3; exec cat >/dev/null").descriptor(3, Stdio.pipeToChild());
    try (Selector selector = selector();
        ChildProcess child = waiting.spawn();
        PipeOutputChannel input = PipeOutputChannel.of(child.stdin())) {
      ByteBuffer much = ByteBuffer.allocate(4_000_000);
      SelectionKey key = fill(input, much, selector);
      child.pipeTo(3).write('\n');
      select(selector, key);
      assertTrue(input.write(much) > 0);
    }
  }

  @Test
  void aPipeWithoutReaderIsSelected() throws Exception {
    try (Selector selector = selector();
        ChildProcess child = sh("exec sleep 1000").spawn();
        PipeOutputChannel input = PipeOutputChannel.of(child.stdin())) {
      SelectionKey key = fill(input, ByteBuffer.allocate(4_000_000), selector);
      child.kill();
      child.waitFor();
      select(selector, key);
    }
  }

  @Test
  void aBlockingChannelWritesAll() throws Exception {
    try (ChildProcess child = sh("exec wc -c").spawn()) {
      try (PipeOutputChannel input = PipeOutputChannel.of(child.stdin())) {
        assertEquals(1_000_000, input.write(ByteBuffer.allocate(1_000_000)));
      }
      assertFalse(child.stdin().isOpen());
      ByteBuffer buffer = ByteBuffer.allocate(100);
      try (PipeInputChannel output = PipeInputChannel.of(child.stdout())) {
        assertTrue(output.read(buffer) > 0);
      }
      assertFalse(child.stdout().isOpen());
      assertEquals(
          "1000000", StandardCharsets.UTF_8.decode(buffer.flip()).toString().strip());
    }
  }

  @Test
  void aBlockingChannelWaits() throws Exception {
    try (ChildProcess child = sh("read -r line; echo got $line").spawn();
        PipeInputChannel output = PipeInputChannel.of(child.stdout());
        PipeOutputChannel input = PipeOutputChannel.of(child.stdin())) {
      assertEquals(3, input.write(StandardCharsets.UTF_8.encode("it\n")));
      ByteBuffer buffer = ByteBuffer.allocate(100);
      assertEquals(7, output.read(buffer));
      assertEquals("got it\n", StandardCharsets.UTF_8.decode(buffer.flip()).toString());
      assertEquals(-1, output.read(buffer.clear()));
    }
  }
}
