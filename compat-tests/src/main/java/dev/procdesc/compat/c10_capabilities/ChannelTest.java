package dev.procdesc.compat.c10_capabilities;

import static dev.procdesc.compat.support.Liveness.assertAlive;
import static dev.procdesc.compat.support.Messages.bytes;
import static dev.procdesc.compat.support.Messages.receive;
import static dev.procdesc.compat.support.Messages.text;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ClosedDescriptorException;
import dev.procdesc.DescriptorChannel;
import dev.procdesc.DescriptorChannel.Message;
import dev.procdesc.Feature;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ConcurrentCallers;
import dev.procdesc.compat.support.DescriptorShortage;
import dev.procdesc.compat.support.Descriptors;
import dev.procdesc.compat.support.Errors;
import dev.procdesc.compat.support.ForeignPeer;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.RawPipe;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.VirtualThreads;
import dev.procdesc.testing.Timeouts;
import java.io.EOFException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ThreadFactory;
import jnr.constants.platform.Errno;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Channels: their endpoints, waiting on them with and without a timeout, and their close. */
@ExtendWith(LeakCheck.class)
final class ChannelTest {
  @TempDir
  Path directory;

  @BeforeEach
  void channels() {
    Requires.feature(Feature.DESCRIPTOR_CHANNEL);
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract("C10")
  void aNameThatIsNotTextIsTheSameSocket() throws Exception {
    Run.output(Run.sh("mkdir \"$1/$(printf 'd\\351')\"", directory.toString()));
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
      Path path = entries.iterator().next().resolve("socket");
      try (DescriptorChannel.Listener listener = DescriptorChannel.listen(path);
          DescriptorChannel client = DescriptorChannel.connect(path);
          DescriptorChannel server = listener.accept()) {
        assertTrue(Files.exists(path));
        client.send(bytes("x"));
        receive(server).close();
      }
      assertFalse(Files.exists(path));
    }
  }

  @Test
  @Contract("C10")
  void byPath() throws Exception {
    Path path = directory.resolve("socket");
    var absent =
        assertThrows(ProcessDescriptorException.class, () -> DescriptorChannel.connect(path));
    assertEquals(Errno.ENOENT.intValue(), absent.errno());
    try (DescriptorChannel.Listener listener = DescriptorChannel.listen(path)) {
      assertEquals(Optional.empty(), listener.accept(Duration.ZERO));
      assertThrows(ProcessDescriptorException.class, () -> DescriptorChannel.listen(path));
      try (DescriptorChannel client = DescriptorChannel.connect(path);
          DescriptorChannel server = listener.accept();
          ChildProcess child = Run.cat().spawn()) {
        client.send(bytes("by path"), child);
        try (Message message = receive(server)) {
          assertEquals("by path", text(message));
          assertAlive(message.descriptors().get(0));
        }
        assertTrue(Descriptors.isCloseOnExec(client.fd()));
        assertTrue(Descriptors.isCloseOnExec(server.fd()));
      }
    }
    assertFalse(Files.exists(path), "the listener deletes its socket");
    Path tooLong = directory.resolve("x".repeat(200));
    assertThrows(IllegalArgumentException.class, () -> DescriptorChannel.listen(tooLong));
    assertThrows(IllegalArgumentException.class, () -> DescriptorChannel.connect(tooLong));
  }

  @Test
  @Contract("C10")
  void whoIsAtTheOtherEnd() throws Exception {
    Requires.feature(Feature.PEER_DESCRIPTOR);
    try (DescriptorChannel.Listener listener =
            DescriptorChannel.listen(directory.resolve("socket"));
        DescriptorChannel client = DescriptorChannel.connect(directory.resolve("socket"));
        DescriptorChannel server = listener.accept();
        ProcessDescriptor peer = server.peer()) {
      assertEquals(ProcessHandle.current().pid(), peer.pid());
      assertAlive(peer);
      try (ProcessDescriptor other = client.peer()) {
        assertEquals(peer.pid(), other.pid());
      }
    }
  }

  @Test
  @Contract({"C9", "C10"})
  void whatIsNoChannel() throws Exception {
    int file = Descriptors.open(Path.of("/dev/null"));
    try (RawPipe pipe = RawPipe.open()) {
      for (int fd : new int[] {file, pipe.readEnd()}) {
        var thrown = assertThrows(ProcessDescriptorException.class, () -> DescriptorChannel.of(fd));
        assertEquals(Errors.number(Errno.ENOTSOCK), thrown.errno());
        assertTrue(Descriptors.isOpen(fd), "it remains the caller's to close");
      }
    } finally {
      Descriptors.close(file);
    }
    var bad = assertThrows(ProcessDescriptorException.class, () -> DescriptorChannel.of(-1));
    assertEquals(Errno.EBADF.intValue(), bad.errno());
  }

  @Test
  @Contract({"C8", "C10"})
  void aSocketHasOneOwner() throws Exception {
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair()) {
      int owned = pair.first().fd();
      assertThrows(IllegalStateException.class, () -> DescriptorChannel.of(owned));
      int fd = Descriptors.duplicate(owned);
      Descriptors.setCloseOnExec(fd, false);
      try (DescriptorChannel channel = DescriptorChannel.of(fd)) {
        assertTrue(Descriptors.isCloseOnExec(fd));
        assertThrows(IllegalStateException.class, () -> DescriptorChannel.of(fd));
        assertThrows(IllegalStateException.class, () -> ProcessDescriptor.of(fd));
        channel.send(new byte[] {1});
        assertEquals(1, pair.second().receive().payload().length);
      }
      assertFalse(Descriptors.open().containsKey(fd), "the channel closes the descriptor");
    }
  }

  @Test
  @Contract({"C8", "C10"})
  void withoutDescriptorsASocketRemainsTheCallers() throws Throwable {
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair()) {
      int fd = Descriptors.duplicate(pair.first().fd());
      DescriptorShortage.during(0, () -> {
        var refused =
            assertThrows(ProcessDescriptorException.class, () -> DescriptorChannel.of(fd));
        assertEquals(Errno.EMFILE.intValue(), refused.errno());
      });
      DescriptorChannel.of(fd).close();
      assertFalse(Descriptors.open().containsKey(fd));
    }
  }

  @Test
  @Contract("C10")
  void timeouts() throws Exception {
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair()) {
      assertEquals(Optional.empty(), pair.second().receive(Duration.ZERO));
      assertEquals(Optional.empty(), pair.second().receive(Duration.ofSeconds(-1)));
      assertEquals(Optional.empty(), pair.second().receive(Duration.ofMillis(2)));
      byte[] payload = new byte[10_000];
      int sent = 0;
      while (pair.first().send(Duration.ZERO, payload)) {
        sent++;
      }
      assertTrue(sent > 0);
      assertFalse(pair.first().send(Duration.ofMillis(2), payload));
      for (int i = 0; i < sent; i++) {
        assertEquals(payload.length, receive(pair.second()).payload().length);
      }
      assertTrue(pair.first().send(Duration.ZERO, payload));
    }
  }

  @Test
  @Contract({"C10", "C11"})
  void waiters() throws Exception {
    waiters(Thread::new);
  }

  @Test
  @Contract({"C10", "C11"})
  void virtualWaiters() throws Exception {
    Requires.virtualThreads();
    waiters(VirtualThreads.factory());
  }

  /**
   * Blocks one thread in a receive and another in a send on the same end, then lets both return.
   */
  private static void waiters(ThreadFactory factory) throws Exception {
    byte[] payload = new byte[20_000];
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair();
        ConcurrentCallers<Integer> callers = new ConcurrentCallers<>(factory)) {
      int count = 100;
      callers.add(() -> {
        for (int i = 0; i < count; i++) {
          pair.first().send(payload);
        }
        return count;
      });
      callers.add(() -> pair.first().receive().payload().length);
      callers.awaitBlocked();
      for (int i = 0; i < count; i++) {
        assertEquals(payload.length, receive(pair.second()).payload().length);
      }
      pair.second().send(bytes("four"));
      assertEquals(List.of(count, 4), callers.results());
    }
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair();
        ConcurrentCallers<Message> callers = new ConcurrentCallers<>(factory)) {
      callers.add(() -> pair.first().receive());
      callers.awaitBlocked();
      pair.first().close();
      assertThrows(AsynchronousCloseException.class, callers::results);
    }
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair();
        ConcurrentCallers<Message> callers = new ConcurrentCallers<>(factory)) {
      callers.add(() -> pair.first().receive());
      callers.awaitBlocked();
      callers.interrupt();
      assertThrows(ClosedByInterruptException.class, callers::results);
      assertFalse(pair.first().isOpen());
      assertThrows(EOFException.class, () -> pair.second().receive());
    }
  }

  @Test
  @Contract({"C10", "C11"})
  void aLongMessageWaitsForRoomAndArrivesWhole() throws Exception {
    byte[] small = new byte[1000];
    byte[] large = new byte[DescriptorChannel.MAX_PAYLOAD];
    new Random(1).nextBytes(large);
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair();
        ChildProcess child = Run.cat().spawn();
        ConcurrentCallers<Boolean> callers = new ConcurrentCallers<>(Thread::new)) {
      int sent = 0;
      while (pair.first().send(Duration.ZERO, small)) {
        sent++;
      }
      callers.add(() -> pair.first().send(Timeouts.CEILING, large, child));
      callers.awaitBlocked();
      for (int i = 0; i < sent; i++) {
        assertEquals(small.length, receive(pair.second()).payload().length);
      }
      try (Message message = receive(pair.second())) {
        assertArrayEquals(large, message.payload());
        assertAlive(message.descriptors().get(0));
      }
      assertEquals(List.of(true), callers.results());
      assertTrue(pair.first().send(Duration.ZERO, small));
    }
  }

  @Test
  @Contract({"C10", "C11"})
  void anInterruptClosesTheListener() throws Exception {
    Path path = directory.resolve("socket");
    DescriptorChannel.Listener listener = DescriptorChannel.listen(path);
    try (ConcurrentCallers<DescriptorChannel> callers = new ConcurrentCallers<>(Thread::new)) {
      callers.add(listener::accept);
      callers.awaitBlocked();
      callers.interrupt();
      assertThrows(ClosedByInterruptException.class, callers::results);
    }
    assertFalse(listener.isOpen());
    assertFalse(Files.exists(path), "the listener deletes its socket");
    listener.close();
  }

  @Test
  @Contract({"C10", "C11"})
  void whoWaitsToAcceptIsToldOfTheClose() throws Exception {
    DescriptorChannel.Listener listener = DescriptorChannel.listen(directory.resolve("socket"));
    try (ConcurrentCallers<DescriptorChannel> callers = new ConcurrentCallers<>(Thread::new)) {
      callers.add(listener::accept);
      callers.awaitBlocked();
      listener.close();
      listener.close();
      assertThrows(AsynchronousCloseException.class, callers::results);
    }
  }

  @Test
  @Contract("C10")
  void aPeerThatDiesWhileSomebodyWaits() throws Exception {
    try (ForeignPeer peer = ForeignPeer.start();
        ConcurrentCallers<Message> callers = new ConcurrentCallers<>(Thread::new)) {
      callers.add(() -> peer.channel().receive());
      callers.awaitBlocked();
      peer.python().kill();
      assertThrows(EOFException.class, callers::results);
    }
  }

  @Test
  @Contract({"C9", "C10"})
  void theEnd() throws Exception {
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair()) {
      pair.first().send(bytes("last"));
      pair.first().close();
      pair.first().close();
      assertEquals("last", text(receive(pair.second())));
      assertThrows(EOFException.class, () -> pair.second().receive());
      assertThrows(EOFException.class, () -> pair.second().receive(Duration.ZERO));
      var thrown = assertThrows(
          ProcessDescriptorException.class, () -> pair.second().send(bytes("to no peer")));
      assertEquals(Errno.EPIPE.intValue(), thrown.errno(), thrown.toString());
      assertThrows(ClosedChannelException.class, () -> pair.first().receive());
      assertThrows(ClosedChannelException.class, () -> pair.first().send(bytes("x")));
      assertThrows(ClosedChannelException.class, () -> pair.first().peer());
      assertThrows(ClosedDescriptorException.class, () -> pair.first().fd());
      assertFalse(pair.first().isOpen());
      assertTrue(pair.second().isOpen());
    }
  }
}
