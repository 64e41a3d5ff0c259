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

  @Test
  void roomIsSelected() throws Exception {
    try (Selector selector = selector();
        ChildProcess child = sh("read -r line; exec cat >/dev/null").spawn();
        PipeOutputChannel input = PipeOutputChannel.of(child.stdin())) {
      input.configureBlocking(false);
      ByteBuffer much = ByteBuffer.allocate(4_000_000);
      while (input.write(much) > 0) {
        // Until the pipe is full: the child has not got its line.
      }
      SelectionKey key = register(input, selector, SelectionKey.OP_WRITE);
      child.kill();
      child.waitFor();
      select(selector, key); // No reader is left.
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
