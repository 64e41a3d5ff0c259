package dev.procdesc.compat.c10_capabilities;

import static dev.procdesc.compat.support.Liveness.assertAlive;
import static dev.procdesc.compat.support.Liveness.assertDead;
import static dev.procdesc.compat.support.Messages.bytes;
import static dev.procdesc.compat.support.Messages.receive;
import static dev.procdesc.compat.support.Messages.receiveOf;
import static dev.procdesc.compat.support.Messages.text;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChannelOptions;
import dev.procdesc.ChildProcess;
import dev.procdesc.DescriptorChannel;
import dev.procdesc.DescriptorChannel.Message;
import dev.procdesc.Feature;
import dev.procdesc.Framing;
import dev.procdesc.OnClose;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.RefusedMessageException;
import dev.procdesc.RefusedMessageException.Reason;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ConcurrentCallers;
import dev.procdesc.compat.support.Descriptors;
import dev.procdesc.compat.support.ForeignPeer;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.OpenFiles;
import dev.procdesc.compat.support.RawPipe;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.VirtualThreads;
import dev.procdesc.testing.Await;
import dev.procdesc.testing.Timeouts;
import java.io.EOFException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HexFormat;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Channels over stream sockets: frames, and peers that have no other kind of socket. */
@ExtendWith(LeakCheck.class)
final class StreamChannelTest {
  private static final ChannelOptions FRAMES =
      ChannelOptions.defaults().framing(Framing.LENGTH_PREFIX);
  private static final ChannelOptions BYTES =
      ChannelOptions.defaults().framing(Framing.SINGLE_BYTE);

  @TempDir
  Path directory;

  @BeforeEach
  void channels() {
    Requires.feature(Feature.DESCRIPTOR_CHANNEL);
  }

  private static String hex(String payload) {
    byte[] bytes = bytes(payload);
    return HexFormat.of()
        .formatHex(ByteBuffer.allocate(4 + bytes.length)
            .putInt(bytes.length)
            .put(bytes)
            .array());
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 1000, DescriptorChannel.MAX_PAYLOAD})
  @Contract("C10")
  void payloadsStayWithTheirDescriptors(int length) throws Exception {
    byte[] payload = new byte[length];
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair(FRAMES);
        ChildProcess one = Run.cat().spawn();
        ChildProcess two = Run.cat().spawn()) {
      pair.first().send(payload, one);
      pair.first().send(new byte[0], two, two, one);
      pair.first().send(new byte[2]);
      pair.first().send(payload, two);
      assertArrayEquals(payload, receiveOf(pair.second(), one).payload());
      assertEquals(0, receiveOf(pair.second(), two, two, one).payload().length);
      assertArrayEquals(new byte[2], receiveOf(pair.second()).payload());
      assertArrayEquals(payload, receiveOf(pair.second(), two).payload());
      assertEquals(Optional.empty(), pair.second().receive(Duration.ZERO));
    }
  }

  /** Sends without waiting into a queue that has any number of free bytes. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  @Contract("C10")
  void aMessageIsSentWholeOrNotAtAll(long seed) throws Exception {
    Random random = new Random(seed);
    Deque<byte[]> payloads = new ArrayDeque<>();
    Deque<ProcessDescriptor[]> descriptors = new ArrayDeque<>();
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair(FRAMES);
        ChildProcess one = Run.cat().spawn();
        ChildProcess two = Run.cat().spawn()) {
      int refused = 0;
      for (int step = 0; step < 600; step++) {
        if (random.nextInt(5) < 3) {
          byte[] payload = new byte[random.nextInt(random.nextBoolean() ? 20 : 30_000) + 1];
          random.nextBytes(payload);
          ProcessDescriptor[] processes = new ProcessDescriptor[random.nextInt(12)];
          for (int i = 0; i < processes.length; i++) {
            processes[i] = random.nextBoolean() ? one : two;
          }
          if (pair.first().send(Duration.ZERO, payload, processes)) {
            payloads.add(payload);
            descriptors.add(processes);
          } else {
            refused++;
          }
        } else if (!payloads.isEmpty()) {
          Message message = receiveOf(pair.second(), descriptors.remove());
          assertArrayEquals(payloads.remove(), message.payload());
        }
      }
      assertTrue(refused > 0, "the queue was never full");
      while (!payloads.isEmpty()) {
        Message message = receiveOf(pair.second(), descriptors.remove());
        assertArrayEquals(payloads.remove(), message.payload());
      }
      assertEquals(Optional.empty(), pair.second().receive(Duration.ZERO));
    }
  }

  @Test
  @Contract({"C6", "C10"})
  void theLastHolderKills() throws Exception {
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair(FRAMES);
        RawPipe heart = RawPipe.open()) {
      ChildProcess child = Run.spawnStaying(heart);
      pair.first().send(bytes("text"), child);
      child.close();
      assertAlive(heart);
      try (Message message = receive(pair.second())) {
        assertEquals("text", text(message));
        assertAlive(heart);
      }
      assertDead(heart);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Framing.class,
      names = {"LENGTH_PREFIX", "SINGLE_BYTE"})
  @Contract("C10")
  void byPathAndByNumber(Framing framing) throws Exception {
    ChannelOptions options = ChannelOptions.defaults().framing(framing);
    Path path = directory.resolve("socket");
    try (DescriptorChannel.Listener listener = DescriptorChannel.listen(path, options);
        DescriptorChannel client = DescriptorChannel.connect(path, options);
        DescriptorChannel server = listener.accept();
        ChildProcess child = Run.cat().spawn()) {
      client.send(bytes("x"), child);
      assertEquals("x", text(receiveOf(server, child)));
      assertTrue(Descriptors.isCloseOnExec(server.fd()));
      try (DescriptorChannel copy =
          DescriptorChannel.of(Descriptors.duplicate(server.fd()), options)) {
        copy.send(bytes("y"), child);
        assertEquals("y", text(receiveOf(client, child)));
      }
      var other =
          assertThrows(ProcessDescriptorException.class, () -> DescriptorChannel.connect(path));
      assertEquals(dev.procdesc.compat.support.Errors.number(Errno.EPROTOTYPE), other.errno());
    }
  }

  @Test
  @Contract({"C9", "C10"})
  void socketsOfAnotherKindAreRefused() throws Exception {
    int listening = OpenFiles.listeningSocket(directory.resolve("socket"));
    int internet = OpenFiles.listeningSocket();
    try (DescriptorChannel.Pair records = DescriptorChannel.pair();
        DescriptorChannel.Pair streams = DescriptorChannel.pair(FRAMES)) {
      int record = Descriptors.duplicate(records.first().fd());
      int stream = Descriptors.duplicate(streams.first().fd());
      int[] all = {record, stream, listening, internet};
      for (int fd : all) {
        Descriptors.setCloseOnExec(fd, false);
      }
      assertThrows(IllegalArgumentException.class, () -> DescriptorChannel.of(record, FRAMES));
      assertThrows(IllegalArgumentException.class, () -> DescriptorChannel.of(stream));
      assertThrows(IllegalArgumentException.class, () -> DescriptorChannel.of(internet, FRAMES));
      var refused = assertThrows(
          IllegalArgumentException.class, () -> DescriptorChannel.of(listening, FRAMES));
      assertTrue(refused.toString().contains("listens"), refused.toString());
      for (int fd : all) {
        assertTrue(Descriptors.isOpen(fd), "it remains the caller's to close");
        assertFalse(Descriptors.isCloseOnExec(fd), "nothing is changed");
      }
      Descriptors.close(record);
      Descriptors.close(stream);
    } finally {
      Descriptors.close(listening);
      Descriptors.close(internet);
    }
  }

  @Test
  @Contract("C10")
  void theJdksOwnChannelsSpeakIt() throws Exception {
    Path path = directory.resolve("socket");
    try (DescriptorChannel.Listener listener = DescriptorChannel.listen(path, FRAMES);
        SocketChannel jdk = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      jdk.connect(UnixDomainSocketAddress.of(path));
      try (DescriptorChannel server = listener.accept()) {
        ByteBuffer question =
            ByteBuffer.allocate(8).putInt(4).put(bytes("ping")).flip();
        jdk.write(question);
        assertEquals("ping", text(receive(server)));
        server.send(bytes("pong"));
        ByteBuffer answer = ByteBuffer.allocate(8);
        while (answer.hasRemaining() && jdk.read(answer) >= 0) {
          // Reads on.
        }
        assertEquals(4, answer.getInt(0));
        assertEquals("pong", new String(answer.array(), 4, 4, StandardCharsets.UTF_8));
        jdk.shutdownOutput();
        assertThrows(EOFException.class, server::receive);
      }
    }
  }

  // ---- Peers in other languages, which may be wrong or hostile

  @Test
  @Tag(Tags.PIDS)
  @Contract({"C6", "C10"})
  void aProgramInAnotherLanguage() throws Exception {
    try (ForeignPeer peer = ForeignPeer.start(FRAMES);
        ChildProcess child = Run.cat().onClose(OnClose.RELEASE).spawn()) {
      peer.channel().send(bytes("text"), child);
      assertEquals(hex("text") + " 1", peer.python().ask("read 8"));
      peer.python().order("signal");
      peer.python().order("raw " + hex("one") + hex("two") + hex("three") + " 2");
      try (Message message = receive(peer.channel())) {
        assertEquals("one", text(message));
        assertEquals(2, message.descriptors().size());
      }
      assertEquals("two", text(receive(peer.channel())));
      assertEquals("three", text(receive(peer.channel())));
      child.stdin().close();
      child.stdout().close();
      child.kill();
    }
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract({"C8", "C10"})
  void aFrameThatComesInPiecesIsKeptAcrossTimeouts() throws Exception {
    String frame = hex("text");
    try (ForeignPeer peer = ForeignPeer.start(FRAMES)) {
      for (int i = 0; i < frame.length(); i += 2) {
        assertEquals(Optional.empty(), peer.channel().receive(Duration.ZERO));
        peer.python().order("raw " + frame.substring(i, i + 2) + (i == 0 ? " 3" : " 0"));
      }
      try (Message message = receive(peer.channel())) {
        assertEquals("text", text(message));
        assertEquals(3, message.descriptors().size());
      }
      // What has arrived of a frame is closed with the channel.
      peer.python().order("raw 0000 3");
      assertEquals(Optional.empty(), peer.channel().receive(Duration.ZERO));
    }
  }

  @ParameterizedTest
  @Tag(Tags.PIDS)
  @ValueSource(strings = {"00", "000000", "00000004", "0000000474"})
  @Contract({"C8", "C10"})
  void aPeerThatDiesInsideAFrame(String sent) throws Exception {
    try (ForeignPeer peer = ForeignPeer.start(FRAMES)) {
      // With files, because on FreeBSD a process that Python sends has its end of the socket, too.
      peer.python().order("raw-file " + sent + " 2");
      peer.python().kill();
      var before = Descriptors.open();
      var refused = assertThrows(RefusedMessageException.class, () -> receive(peer.channel()));
      assertEquals(Reason.INCOMPLETE, refused.reason());
      Await.until(
          "all that arrived is closed",
          () -> before.entrySet().containsAll(Descriptors.open().entrySet()));
      assertThrows(EOFException.class, () -> peer.channel().receive());
    }
  }

  @ParameterizedTest
  @Tag(Tags.PIDS)
  @ValueSource(strings = {"474554202f20485454502f312e310d0a", "00008001", "ffffffff"})
  @Contract({"C8", "C9", "C10"})
  void aPeerThatDoesNotSpeakItClosesTheChannel(String sent) throws Exception {
    try (ForeignPeer peer = ForeignPeer.start(FRAMES)) {
      var before = Descriptors.open();
      before.remove(peer.channel().fd());
      peer.python().order("raw " + sent + " 2");
      var refused = assertThrows(RefusedMessageException.class, () -> receive(peer.channel()));
      assertEquals(Reason.PAYLOAD_CUT_OFF, refused.reason());
      assertTrue(refused.toString().contains("LENGTH_PREFIX"), refused.toString());
      assertFalse(peer.channel().isOpen());
      assertThrows(ClosedChannelException.class, () -> peer.channel().receive());
      assertThrows(ClosedChannelException.class, () -> peer.channel().send(bytes("x")));
      Await.until(
          "all that arrived is closed, and the channel",
          () -> before.entrySet().containsAll(Descriptors.open().entrySet()));
    }
  }

  // ---- Single bytes

  @Test
  @Tag(Tags.PIDS)
  @Contract("C10")
  void singleBytes() throws Exception {
    try (ForeignPeer peer = ForeignPeer.start(BYTES);
        ChildProcess child = Run.cat().onClose(OnClose.RELEASE).spawn()) {
      for (int length : new int[] {0, 2}) {
        assertThrows(
            IllegalArgumentException.class, () -> peer.channel().send(new byte[length], child));
      }
      peer.channel().send(new byte[] {7}, child);
      assertEquals("07 1", peer.python().ask("read 1"));
      peer.python().order("raw 00 1");
      peer.python().order("raw 4142 2");
      try (Message message = receive(peer.channel())) {
        assertArrayEquals(new byte[1], message.payload());
        assertEquals(1, message.descriptors().size());
      }
      try (Message message = receive(peer.channel())) {
        assertEquals("A", text(message));
        assertEquals(2, message.descriptors().size());
      }
      assertEquals("B", text(receive(peer.channel())));
      child.stdin().close();
      child.stdout().close();
      child.kill();
    }
  }

  // ---- Waiting

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

  private static void waiters(ThreadFactory factory) throws Exception {
    byte[] payload = new byte[20_000];
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair(FRAMES);
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
      assertFalse(pair.first().send(Duration.ZERO, payload));
      for (int i = 0; i < count; i++) {
        assertEquals(payload.length, receive(pair.second()).payload().length);
      }
      pair.second().send(bytes("four"));
      assertEquals(List.of(count, 4), callers.results());
    }
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract({"C8", "C10", "C11"})
  void anInterruptInsideAFrameClosesTheChannel() throws Exception {
    try (ForeignPeer peer = ForeignPeer.start(FRAMES);
        ConcurrentCallers<Message> callers = new ConcurrentCallers<>(Thread::new)) {
      peer.python().order("raw 000000 2");
      callers.add(() -> peer.channel().receive(Timeouts.CEILING).orElseThrow());
      callers.awaitBlocked();
      callers.interrupt();
      assertThrows(ClosedByInterruptException.class, callers::results);
      assertFalse(peer.channel().isOpen());
    }
  }
}
