package dev.procdesc.compat.c10_capabilities;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ClosedDescriptorException;
import dev.procdesc.DescriptorChannel;
import dev.procdesc.DescriptorChannel.Message;
import dev.procdesc.ExitStatus;
import dev.procdesc.Feature;
import dev.procdesc.MissingRightException;
import dev.procdesc.OnClose;
import dev.procdesc.Platform;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.RefusedMessageException;
import dev.procdesc.RefusedMessageException.Reason;
import dev.procdesc.Right;
import dev.procdesc.Signal;
import dev.procdesc.Spawner;
import dev.procdesc.StateChange;
import dev.procdesc.UnsupportedFeatureException;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Differences;
import dev.procdesc.compat.Origin;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.Timeouts;
import dev.procdesc.compat.support.ConcurrentCallers;
import dev.procdesc.compat.support.Descriptors;
import dev.procdesc.compat.support.Errors;
import dev.procdesc.compat.support.Holder;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Poll;
import dev.procdesc.compat.support.RawPipe;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.VirtualThreads;
import java.io.EOFException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import jnr.constants.platform.Errno;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Descriptors sent and received over sockets. */
@ExtendWith(LeakCheck.class)
final class ChannelTest {
  @TempDir
  Path directory;

  @BeforeEach
  void channels() {
    Requires.feature(Feature.DESCRIPTOR_CHANNEL);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static String text(Message message) {
    return new String(message.payload(), StandardCharsets.UTF_8);
  }

  private static Message receive(DescriptorChannel channel) throws Exception {
    return channel.receive(Timeouts.CEILING).orElseThrow();
  }

  private static Spawner staying(RawPipe pipe) {
    return Run.sh("exec sleep 1000").stdout(pipe.writer());
  }

  /** A channel whose other end a program in another language has, and nobody else. */
  private record Foreign(DescriptorChannel channel, Holder python) implements AutoCloseable {
    static Foreign start() throws Exception {
      Requires.feature(Feature.CHILD_SETUP);
      DescriptorChannel.Pair pair = DescriptorChannel.pair();
      try {
        return new Foreign(pair.first(), Holder.python(pair.second()));
      } catch (Throwable e) {
        pair.first().close();
        throw e;
      } finally {
        pair.second().close();
      }
    }

    @Override
    public void close() {
      python.close();
      channel.close();
    }
  }

  // ---- Messages

  @Test
  @Contract("C10")
  void payloadsArriveWholeAndInOrder() throws Exception {
    Random random = new Random(1);
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair()) {
      List<byte[]> sent = new ArrayList<>();
      for (int size : new int[] {1, 2, 1000, 4096, 20_000, DescriptorChannel.MAX_PAYLOAD}) {
        byte[] payload = new byte[size];
        random.nextBytes(payload);
        sent.add(payload);
        pair.first().send(payload);
      }
      for (byte[] payload : sent) {
        assertArrayEquals(payload, receive(pair.second()).payload());
      }
      // The other way too.
      pair.second().send(bytes("back"));
      assertEquals("back", text(receive(pair.first())));
    }
  }

  @Test
  @Contract("C10")
  void severalDescriptorsInOneMessage() throws Exception {
    Requires.feature(Feature.OPEN_PROCESS);
    Requires.feature(Feature.PROCESS_IDENTITY);
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair();
        ChildProcess one = Run.cat().spawn();
        ChildProcess two = Run.cat().onClose(OnClose.RELEASE).spawn();
        ProcessDescriptor self = ProcessDescriptor.self()) {
      pair.first().send(new byte[0], two, one, self, one);
      try (Message message = receive(pair.second())) {
        assertEquals(0, message.payload().length);
        List<ProcessDescriptor> came = message.descriptors();
        assertEquals(4, came.size());
        assertTrue(came.get(0).sameProcess(two));
        assertTrue(came.get(1).sameProcess(one));
        assertTrue(came.get(2).sameProcess(self));
        assertTrue(came.get(3).sameProcess(one));
        assertFalse(came.get(0).sameProcess(one));
        for (ProcessDescriptor process : came) {
          assertTrue(Descriptors.isCloseOnExec(process.fd()));
          assertEquals(EnumSet.allOf(Right.class), process.rights());
        }
        assertEquals(one.pid(), came.get(1).pid());
      }
      Run.assertEchoes(one);
      Run.assertEchoes(two);
      two.stdin().close();
      two.stdout().close();
    }
  }

  /** No kernel needs data beside descriptors, but not every one keeps such messages apart. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 1000, DescriptorChannel.MAX_PAYLOAD})
  @Contract("C10")
  void emptyAndNulPayloadsStayWithTheirDescriptors(int length) throws Exception {
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair();
        ChildProcess one = Run.cat().spawn();
        ChildProcess two = Run.cat().spawn()) {
      pair.first().send(new byte[length], one);
      assertEquals(length, receiveOf(pair.second(), one).payload().length);
      pair.first().send(new byte[0], one);
      pair.first().send(new byte[0], two, two, one);
      pair.first().send(new byte[1], two);
      pair.first().send(new byte[2]);
      assertEquals(0, receiveOf(pair.second(), one).payload().length);
      assertEquals(0, receiveOf(pair.second(), two, two, one).payload().length);
      assertArrayEquals(new byte[1], receiveOf(pair.second(), two).payload());
      assertArrayEquals(new byte[2], receiveOf(pair.second()).payload());
    }
  }

  /** Receives a message and closes what came, which must be these. */
  private static Message receiveOf(DescriptorChannel channel, ProcessDescriptor... processes)
      throws Exception {
    try (Message message = receive(channel)) {
      assertEquals(processes.length, message.descriptors().size());
      for (int i = 0; i < processes.length; i++) {
        assertEquals(processes[i].pid(), message.descriptors().get(i).pid());
      }
      return message;
    }
  }

  /** Sends that have no time find queues that are full but for any number of bytes. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  @Contract("C10")
  void aMessageIsSentWholeOrNotAtAll(long seed) throws Exception {
    Random random = new Random(seed);
    Deque<byte[]> payloads = new ArrayDeque<>();
    Deque<ProcessDescriptor[]> descriptors = new ArrayDeque<>();
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair();
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
  @Contract({"C9", "C10"})
  void whatCannotBeSent() throws Exception {
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair();
        ChildProcess child = Run.cat().spawn()) {
      DescriptorChannel channel = pair.first();
      assertThrows(IllegalArgumentException.class, () -> channel.send(new byte[0]));
      byte[] tooLong = new byte[DescriptorChannel.MAX_PAYLOAD + 1];
      assertThrows(IllegalArgumentException.class, () -> channel.send(tooLong));
      ProcessDescriptor[] tooMany = new ProcessDescriptor[DescriptorChannel.MAX_DESCRIPTORS + 1];
      java.util.Arrays.fill(tooMany, child);
      assertThrows(IllegalArgumentException.class, () -> channel.send(bytes("x"), tooMany));
      ProcessDescriptor closed = child.duplicate();
      closed.close();
      assertThrows(ClosedDescriptorException.class, () -> channel.send(bytes("x"), child, closed));
      try (ProcessDescriptor weak = child.restrict(Right.SIGNAL, Right.DUPLICATE)) {
        var missing =
            assertThrows(MissingRightException.class, () -> channel.send(bytes("x"), weak));
        assertEquals(Right.SEND, missing.right());
      }
      try (ProcessDescriptor weak = child.restrict(Right.SEND, Right.WAIT)) {
        if (Platform.current().has(Feature.KERNEL_RIGHTS)) {
          channel.send(bytes("weak"), weak);
          receive(pair.second()).close();
        } else {
          // Or whoever may only send could send it to himself, and get every right.
          var thrown =
              assertThrows(UnsupportedFeatureException.class, () -> channel.send(bytes("x"), weak));
          assertEquals(Feature.KERNEL_RIGHTS, thrown.feature());
        }
      }
      assertEquals(Optional.empty(), pair.second().receive(Duration.ZERO), "nothing was sent");
      Run.assertEchoes(child);
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
          ProcessDescriptorException.class, () -> pair.second().send(bytes("to nobody")));
      assertEquals(Errno.EPIPE.intValue(), thrown.errno(), thrown.toString());
      assertThrows(ClosedChannelException.class, () -> pair.first().receive());
      assertThrows(ClosedChannelException.class, () -> pair.first().send(bytes("x")));
      assertThrows(ClosedChannelException.class, () -> pair.first().peer());
      assertThrows(ClosedDescriptorException.class, () -> pair.first().fd());
      assertFalse(pair.first().isOpen());
      assertTrue(pair.second().isOpen());
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

  /** One thread waits to receive and another to send, on the same end; then they get through. */
  private static void waiters(ThreadFactory factory) throws Exception {
    byte[] payload = new byte[20_000];
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair();
        ConcurrentCallers<Integer> crowd = new ConcurrentCallers<>(factory)) {
      int count = 100;
      crowd.add(() -> {
        for (int i = 0; i < count; i++) {
          pair.first().send(payload);
        }
        return count;
      });
      crowd.add(() -> pair.first().receive().payload().length);
      crowd.awaitBlocked();
      for (int i = 0; i < count; i++) {
        assertEquals(payload.length, receive(pair.second()).payload().length);
      }
      pair.second().send(bytes("four"));
      assertEquals(List.of(count, 4), crowd.results());
    }
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair();
        ConcurrentCallers<Message> crowd = new ConcurrentCallers<>(factory)) {
      crowd.add(() -> pair.first().receive());
      crowd.awaitBlocked();
      pair.first().close();
      assertThrows(AsynchronousCloseException.class, crowd::results);
    }
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair();
        ConcurrentCallers<Message> crowd = new ConcurrentCallers<>(factory)) {
      crowd.add(() -> pair.first().receive());
      crowd.awaitBlocked();
      crowd.interrupt();
      assertThrows(ClosedByInterruptException.class, crowd::results);
      assertFalse(pair.first().isOpen());
      assertThrows(EOFException.class, () -> pair.second().receive());
    }
  }

  // ---- Paths

  @Test
  @Contract("C10")
  void byPath() throws Exception {
    Path path = directory.resolve("socket");
    var nobody =
        assertThrows(ProcessDescriptorException.class, () -> DescriptorChannel.connect(path));
    assertEquals(Errno.ENOENT.intValue(), nobody.errno());
    try (DescriptorChannel.Listener listener = DescriptorChannel.listen(path)) {
      assertEquals(Optional.empty(), listener.accept(Duration.ZERO));
      assertThrows(ProcessDescriptorException.class, () -> DescriptorChannel.listen(path));
      try (DescriptorChannel client = DescriptorChannel.connect(path);
          DescriptorChannel server = listener.accept();
          ChildProcess child = Run.cat().spawn()) {
        client.send(bytes("by path"), child);
        try (Message message = receive(server)) {
          assertEquals("by path", text(message));
          assertTrue(message.descriptors().get(0).isAlive());
        }
        assertTrue(Descriptors.isCloseOnExec(client.fd()));
        assertTrue(Descriptors.isCloseOnExec(server.fd()));
      }
    }
    assertFalse(Files.exists(path), "the listener took it away");
    Path tooLong = directory.resolve("x".repeat(200));
    assertThrows(IllegalArgumentException.class, () -> DescriptorChannel.listen(tooLong));
    assertThrows(IllegalArgumentException.class, () -> DescriptorChannel.connect(tooLong));
  }

  @Test
  @Contract({"C10", "C11"})
  void whoWaitsToAcceptIsToldOfTheClose() throws Exception {
    DescriptorChannel.Listener listener = DescriptorChannel.listen(directory.resolve("socket"));
    try (ConcurrentCallers<DescriptorChannel> crowd = new ConcurrentCallers<>(Thread::new)) {
      crowd.add(listener::accept);
      crowd.awaitBlocked();
      listener.close();
      listener.close();
      assertThrows(AsynchronousCloseException.class, crowd::results);
    }
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
      assertTrue(peer.isAlive());
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
        assertTrue(Descriptors.isOpen(fd), "it stays the caller's");
      }
    } finally {
      Descriptors.close(file);
    }
    var bad = assertThrows(ProcessDescriptorException.class, () -> DescriptorChannel.of(-1));
    assertEquals(Errno.EBADF.intValue(), bad.errno());
  }

  // ---- Who holds it

  @Test
  @Contract({"C6", "C10"})
  void whatWasSentOutlivesTheSendersClose() throws Exception {
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair();
        RawPipe pipe = RawPipe.open()) {
      ChildProcess child = staying(pipe).spawn();
      pipe.given();
      pair.first().send(bytes("x"), child);
      var end = child.onExit();
      child.close();
      assertTrue(end.isCompletedExceptionally() || !end.isDone());
      assertTrue(pipe.isHeld(), "it is on its way");
      Message message = receive(pair.second());
      ProcessDescriptor received = message.descriptors().get(0);
      assertTrue(received.isAlive());
      ProcessDescriptor copy = received.duplicate();
      message.close();
      assertTrue(copy.isAlive());
      assertTrue(pipe.isHeld());
      copy.close();
      pipe.awaitEnd();
    }
  }

  @Test
  @Contract({"C6", "C10"})
  void theSendersCloseMayBeTheLast() throws Exception {
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair();
        RawPipe pipe = RawPipe.open()) {
      ChildProcess child = staying(pipe).spawn();
      pipe.given();
      pair.first().send(bytes("x"), child);
      receive(pair.second()).close();
      assertTrue(child.isAlive());
      assertTrue(pipe.isHeld());
      child.close();
      pipe.awaitEnd();
    }
  }

  @Test
  @Contract({"C6", "C10"})
  void whoListensForStateChangesIsNoHolder() throws Exception {
    Requires.feature(Feature.STATE_CHANGES);
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair();
        RawPipe pipe = RawPipe.open()) {
      // Where the kernel kills at the last close, this is what it wants for it.
      boolean available = Platform.current().has(Feature.NO_NEW_PRIVILEGES);
      ChildProcess child = staying(pipe).noNewPrivileges(available).spawn();
      pipe.given();
      CompletableFuture<StateChange> stopped = new CompletableFuture<>();
      child.onStateChange(stopped::complete);
      assertTrue(child.signal(Signal.STOP));
      assertEquals(
          new StateChange.Stopped(Signal.STOP),
          stopped.get(Timeouts.CEILING.toMillis(), TimeUnit.MILLISECONDS));
      pair.first().send(bytes("x"), child);
      Message message = receive(pair.second());
      child.close();
      assertTrue(pipe.isHeld());
      message.close();
      pipe.awaitEnd();
    }
  }

  @Test
  @Contract({"C6", "C10"})
  void whatWasNeverReceivedDiesWithTheSocket() throws Exception {
    Requires.feature(Feature.KILL_ON_JVM_DEATH);
    try (RawPipe pipe = RawPipe.open()) {
      DescriptorChannel.Pair pair = DescriptorChannel.pair();
      ChildProcess child = staying(pipe).spawn();
      pipe.given();
      pair.first().send(bytes("x"), child);
      child.close();
      assertTrue(pipe.isHeld());
      pair.close();
      pipe.awaitEnd();
    }
  }

  @Test
  @Contract({"C4", "C10"})
  void theStatusComesToBothSides() throws Exception {
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair();
        ChildProcess child = Run.sh("read line; exit 44").spawn()) {
      pair.first().send(bytes("x"), child);
      try (Message message = receive(pair.second())) {
        ProcessDescriptor received = message.descriptors().get(0);
        var end = received.onExit();
        child.stdin().close();
        assertEquals(new ExitStatus.Exited(44), Run.end(child));
        ExitStatus status = received.waitFor(Timeouts.CEILING).orElseThrow();
        if (Platform.current().has(Feature.STATUS_FOR_ANY_HOLDER)) {
          assertEquals(new ExitStatus.Exited(44), status);
        }
        assertEquals(status, end.join());
        assertFalse(received.kill());
      }
    }
  }

  @Test
  @Contract("C10")
  void anEndedProcessCanBeSentToo() throws Exception {
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair();
        ChildProcess child = Run.sh("exit 45").spawn()) {
      Run.end(child);
      pair.first().send(bytes("x"), child);
      try (Message message = receive(pair.second())) {
        ProcessDescriptor received = message.descriptors().get(0);
        assertFalse(received.isAlive());
        assertFalse(received.kill());
        if (Platform.current().has(Feature.STATUS_FOR_ANY_HOLDER)) {
          assertEquals(new ExitStatus.Exited(45), received.waitFor());
        }
      }
    }
  }

  // ---- A program in another language

  @Test
  @Contract({"C5", "C10"})
  @Origin("capsicum-test: PipePdfork.PollMultiple")
  void twoProcessesPollTheSameDescriptor() throws Exception {
    try (Foreign foreign = Foreign.start();
        ChildProcess child = Run.cat().spawn()) {
      foreign.channel().send(bytes("hello"), child);
      foreign.python().ask("receive");
      assertEquals("0", foreign.python().ask("poll 0"));
      assertEquals(0, Poll.now(child.fd()));
      foreign.python().tell("poll " + Timeouts.CEILING.toSeconds());
      child.stdin().close();
      assertNotEquals(0, Poll.readable(child.fd()));
      assertEquals("1", foreign.python().answer());
      assertEquals(new ExitStatus.Exited(0), Run.end(child));
      assertEquals("1", foreign.python().ask("poll 0"), "it stays so");
    }
  }

  @Test
  @Contract({"C6", "C10"})
  @Origin("capsicum-test: PipePdfork.PassProcessDescriptor")
  void passedToAProgramInAnotherLanguage() throws Exception {
    try (Foreign foreign = Foreign.start();
        RawPipe pipe = RawPipe.open()) {
      ChildProcess child = staying(pipe).spawn();
      pipe.given();
      foreign.channel().send(bytes("hello"), child);
      String answer = foreign.python().ask("receive");
      assertTrue(answer.matches("hello [12] 0"), answer);
      child.close();
      assertEquals("0", foreign.python().ask("poll 0"), "it lives");
      foreign.python().order("signal");
      assertTrue(pipe.isHeld());
      foreign.python().order("close");
      pipe.awaitEnd();
    }
  }

  @Test
  @Contract({"C6", "C7", "C10"})
  @Origin("capsicum-test: Pdfork.Bagpuss")
  void passedToAProgramThatDies() throws Exception {
    try (Foreign foreign = Foreign.start();
        RawPipe pipe = RawPipe.open()) {
      ChildProcess child = staying(pipe).spawn();
      pipe.given();
      foreign.channel().send(bytes("hello"), child);
      foreign.python().ask("receive");
      child.close();
      assertTrue(pipe.isHeld());
      foreign.python().kill();
      pipe.awaitEnd();
    }
  }

  @Test
  @Contract({"C6", "C10"})
  void thereAndBackAgain() throws Exception {
    try (Foreign foreign = Foreign.start();
        RawPipe pipe = RawPipe.open()) {
      ChildProcess child = staying(pipe).spawn();
      pipe.given();
      foreign.channel().send(bytes("hello"), child);
      child.close();
      foreign.python().ask("receive");
      foreign.python().order("send back");
      foreign.python().order("close");
      assertTrue(pipe.isHeld());
      Message message = receive(foreign.channel());
      assertEquals("back", text(message));
      assertEquals(1, message.descriptors().size());
      assertTrue(message.descriptors().get(0).isAlive());
      message.close();
      pipe.awaitEnd();
    }
  }

  @Test
  @Contract("C10")
  void killedByTheOtherSide() throws Exception {
    try (Foreign foreign = Foreign.start();
        ChildProcess child = Run.cat().spawn()) {
      foreign.channel().send(bytes("hello"), child);
      foreign.python().ask("receive");
      foreign.python().order("kill");
      assertEquals(Run.signaled(Signal.KILL), Run.end(child));
      assertEquals("1", foreign.python().ask("poll " + Timeouts.CEILING.toSeconds()));
    }
  }

  // ---- Adversarial input

  @ParameterizedTest
  @Tag(Tags.PIDS)
  @ValueSource(ints = {1, 2, 253})
  @Contract("C10")
  void manyDescriptors(int count) throws Exception {
    try (Foreign foreign = Foreign.start()) {
      foreign.python().order("self " + count);
      try (Message message = receive(foreign.channel())) {
        assertEquals("self", text(message));
        assertEquals(count, message.descriptors().size());
        long pid = Long.parseLong(foreign.python().ask("pid"));
        for (ProcessDescriptor process : message.descriptors()) {
          assertEquals(pid, process.pid());
        }
      }
      foreign.python().order("payload 3");
      assertEquals("ppp", text(receive(foreign.channel())), "none, and nothing is in disorder");
    }
  }

  static Stream<String> whatIsNoProcess() {
    return Stream.concat(
        Stream.of("file", "proc", "mixed", "lifeline", "lifelines"),
        Differences.threadsHaveDescriptors() ? Stream.of("thread") : Stream.of());
  }

  @ParameterizedTest
  @Tag(Tags.PIDS)
  @MethodSource("whatIsNoProcess")
  @Contract({"C8", "C10"})
  @Origin({"selftests/pidfd: pidfd_wait on non-pidfds", "capsicum-test: Pdfork.NonProcessDescriptor"
  })
  void whatIsNoProcessIsRefused(String what) throws Exception {
    try (Foreign foreign = Foreign.start()) {
      var before = Descriptors.open();
      String answer = foreign.python().ask(what);
      if (what.equals("thread")) {
        Requires.that(answer.equals("ok"), "descriptors of threads (Linux 6.9)");
      }
      if (what.equals("proc")) {
        Requires.file("/proc/self");
      }
      assertEquals("ok", answer);
      var refused = assertThrows(
          RefusedMessageException.class, () -> foreign.channel().receive(Timeouts.CEILING));
      assertEquals(Reason.NO_PROCESS, refused.reason(), refused.toString());
      assertEquals(before, Descriptors.open(), "whatever came is closed");
      foreign.python().order("self 1");
      try (Message message = receive(foreign.channel())) {
        assertEquals(1, message.descriptors().size(), "the channel goes on");
      }
    }
  }

  @Test
  @Contract({"C8", "C10"})
  void aPayloadThatIsTooLongIsRefused() throws Exception {
    try (Foreign foreign = Foreign.start()) {
      for (int length : new int[] {DescriptorChannel.MAX_PAYLOAD + 1, 100_000}) {
        foreign.python().order("payload " + length);
        var refused = assertThrows(
            RefusedMessageException.class, () -> foreign.channel().receive(Timeouts.CEILING));
        assertEquals(Reason.PAYLOAD_CUT_OFF, refused.reason());
      }
      foreign.python().order("payload " + DescriptorChannel.MAX_PAYLOAD);
      assertEquals(DescriptorChannel.MAX_PAYLOAD, receive(foreign.channel()).payload().length);
    }
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract({"C8", "C10"})
  void descriptorsForWhichThereIsNoRoomAreRefused() throws Exception {
    try (Foreign foreign = Foreign.start()) {
      foreign.python().order("self 20");
      foreign.channel().receive(Duration.ZERO).orElseThrow().close(); // All is loaded.
      long limit = Descriptors.limit();
      int highest = Collections.max(Descriptors.open().keySet());
      var before = Descriptors.open();
      foreign.python().order("self 253");
      Descriptors.setLimit(highest + 10);
      RefusedMessageException refused;
      try {
        refused =
            assertThrows(RefusedMessageException.class, () -> foreign.channel().receive());
      } finally {
        Descriptors.setLimit(limit);
      }
      assertEquals(Reason.DESCRIPTORS_CUT_OFF, refused.reason());
      assertEquals(before, Descriptors.open(), "those that came are closed");
      foreign.python().order("self 253");
      try (Message message = receive(foreign.channel())) {
        assertEquals(253, message.descriptors().size());
      }
    }
  }

  @Test
  @Contract("C10")
  void emptyPacketsAreSkipped() throws Exception {
    try (Foreign foreign = Foreign.start()) {
      foreign.python().order("empty 5");
      assertEquals(Optional.empty(), foreign.channel().receive(Duration.ZERO));
      foreign.python().order("empty 5");
      foreign.python().order("payload 2");
      assertEquals("pp", text(receive(foreign.channel())));
      foreign.python().order("empty 5");
      foreign.python().order("payload 1");
      foreign.python().order("empty 5");
      foreign.python().exit();
      assertEquals("p", text(receive(foreign.channel())), "not the end yet");
      assertThrows(EOFException.class, () -> foreign.channel().receive(Timeouts.CEILING));
    }
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract({"C8", "C10"})
  void aFlood() throws Exception {
    try (Foreign foreign = Foreign.start()) {
      int count = 2000;
      foreign.python().tell("flood " + count);
      for (int i = 0; i < count; i++) {
        try (Message message = receive(foreign.channel())) {
          assertEquals(5, message.descriptors().size());
        }
      }
      assertEquals("ok", foreign.python().answer());
    }
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract({"C8", "C10"})
  void aFloodThatNobodyReadsLeavesNothing() throws Exception {
    try (Foreign foreign = Foreign.start()) {
      foreign.python().tell("flood 100000");
      receive(foreign.channel()).close();
      foreign.python().kill();
    }
  }

  @Test
  @Contract("C10")
  void aPeerThatDiesWhileSomebodyWaits() throws Exception {
    try (Foreign foreign = Foreign.start();
        ConcurrentCallers<Message> crowd = new ConcurrentCallers<>(Thread::new)) {
      crowd.add(() -> foreign.channel().receive());
      crowd.awaitBlocked();
      foreign.python().kill();
      assertThrows(EOFException.class, crowd::results);
    }
  }

  // ---- Random interleavings, against a model

  /** One process, as the model sees it: who holds it, and whether it must live. */
  private static final class Model {
    final RawPipe pipe;
    int holders = 1;
    boolean killed;

    Model(RawPipe pipe) {
      this.pipe = pipe;
    }

    boolean lives() {
      return holders > 0 && !killed;
    }

    void check() {
      if (lives()) {
        assertTrue(pipe.isHeld(), "it must live");
      } else {
        pipe.awaitEnd();
      }
    }
  }

  private record Held(ProcessDescriptor descriptor, Model model, EnumSet<Right> rights) {}

  /** Whether a receiver could do anything with a descriptor that has these rights. */
  private static boolean canBeUsed(EnumSet<Right> rights) {
    EnumSet<Right> kernel = EnumSet.of(Right.SIGNAL, Right.WAIT, Right.PID, Right.EVENT);
    return rights.contains(Right.SEND) && rights.stream().anyMatch(kernel::contains);
  }

  /** The rights that travel: the kernel's; who may wait is told by an event. */
  private static EnumSet<Right> asReceived(EnumSet<Right> sent) {
    EnumSet<Right> received = sent.clone();
    received.add(Right.SEND);
    received.add(Right.DUPLICATE);
    if (sent.contains(Right.WAIT)) {
      received.add(Right.EVENT);
    }
    return received;
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  @Contract({"C6", "C10", "C11"})
  void anyOrderOfDuplicatesRestrictionsSendsAndCloses(long seed) throws Exception {
    Requires.feature(Feature.KILL_ON_JVM_DEATH);
    Random random = new Random(seed);
    List<Model> models = new ArrayList<>();
    List<Held> held = new ArrayList<>();
    Deque<Held> inFlight = new ArrayDeque<>();
    boolean travel = Platform.current().has(Feature.KERNEL_RIGHTS);
    DescriptorChannel.Pair pair = DescriptorChannel.pair();
    try {
      for (int step = 0; step < 120; step++) {
        if (held.isEmpty() || random.nextInt(12) == 0) {
          RawPipe pipe = RawPipe.open();
          Model model = new Model(pipe);
          models.add(model);
          held.add(new Held(staying(pipe).spawn(), model, EnumSet.allOf(Right.class)));
          pipe.given();
        }
        Held one = held.get(random.nextInt(held.size()));
        boolean whole = one.rights.size() == Right.values().length;
        switch (random.nextInt(8)) {
          case 0, 1 -> {
            if (one.rights.contains(Right.DUPLICATE)) {
              held.add(new Held(one.descriptor.duplicate(), one.model, one.rights.clone()));
              one.model.holders++;
            } else {
              assertThrows(MissingRightException.class, one.descriptor::duplicate);
            }
          }
          case 2 -> {
            EnumSet<Right> wanted = EnumSet.allOf(Right.class);
            wanted.removeIf(right -> random.nextInt(3) == 0);
            if (one.rights.contains(Right.DUPLICATE)) {
              ProcessDescriptor weak = one.descriptor.restrict(wanted.toArray(new Right[0]));
              wanted.retainAll(one.rights);
              held.add(new Held(weak, one.model, wanted));
              one.model.holders++;
            } else {
              assertThrows(
                  MissingRightException.class,
                  () -> one.descriptor.restrict(wanted.toArray(new Right[0])));
            }
          }
          case 3 -> {
            if (whole || (travel && canBeUsed(one.rights))) {
              pair.first().send(new byte[] {1}, one.descriptor);
              inFlight.add(new Held(one.descriptor, one.model, asReceived(one.rights)));
              one.model.holders++;
            } else if (!travel || !one.rights.contains(Right.SEND)) {
              assertThrows(
                  RuntimeException.class, () -> pair.first().send(new byte[] {1}, one.descriptor));
            }
          }
          case 4 -> {
            if (!inFlight.isEmpty()) {
              ProcessDescriptor received = receive(pair.second()).descriptors().get(0);
              Held sent = inFlight.remove();
              held.add(new Held(received, sent.model, sent.rights));
            }
          }
          case 5, 6 -> {
            one.descriptor.close();
            held.remove(one);
            one.model.holders--;
          }
          default -> {
            if (one.rights.contains(Right.SIGNAL) && random.nextInt(4) == 0) {
              assertEquals(one.model.lives(), one.descriptor.kill());
              one.model.killed = true;
              one.model.pipe.awaitEnd();
              if (one.rights.contains(Right.WAIT)) {
                assertTrue(one.descriptor.waitFor(Timeouts.CEILING).isPresent());
              }
            }
          }
        }
        assertEquals(one.rights, one.descriptor.rights());
        models.forEach(Model::check);
        for (Held each : held) {
          if (each.rights.contains(Right.WAIT) && each.model.lives()) {
            assertTrue(each.descriptor.isAlive());
          }
        }
      }
    } finally {
      held.forEach(each -> each.descriptor.close());
      pair.close();
      models.forEach(model -> model.pipe.awaitEnd());
      models.forEach(model -> model.pipe.close());
    }
  }
}
