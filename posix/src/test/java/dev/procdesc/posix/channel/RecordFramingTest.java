package dev.procdesc.posix.channel;

import static dev.procdesc.DescriptorChannel.MAX_DESCRIPTORS;
import static dev.procdesc.DescriptorChannel.MAX_PAYLOAD;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.RefusedMessageException;
import dev.procdesc.RefusedMessageException.Reason;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.io.BlockingDescriptor;
import dev.procdesc.posix.io.Deadline;
import dev.procdesc.posix.io.EventQueue;
import dev.procdesc.posix.io.OwnedDescriptor;
import dev.procdesc.posix.io.PollQueue;
import dev.procdesc.posix.io.TestSystem;
import dev.procdesc.posix.io.Watcher;
import dev.procdesc.testing.Await;
import dev.procdesc.testing.Timeouts;
import java.io.EOFException;
import java.io.IOException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests records that end with MSG_EOR, on a kernel that splits them as FreeBSD 15 does. */
final class RecordFramingTest {
  private static final Watcher WATCHER = new Watcher(new PollQueue());
  private static final long CEILING = Timeouts.CEILING.toNanos();

  /** A descriptor to send. The other end of its pipe shows whether a copy is still open. */
  private static final class Sent {
    private final TestSystem.Pipe pipe = TestSystem.pipe();
    private boolean given;

    int fd() {
      return pipe.writeEnd();
    }

    /** Closes the copy of the test. */
    void give() {
      if (!given) {
        given = true;
        LibC.close(pipe.writeEnd());
      }
    }

    boolean isHeld() {
      give();
      return TestSystem.readByte(pipe.readEnd()) != -1;
    }

    void end() {
      LibC.close(pipe.readEnd());
    }
  }

  private final Sent one = new Sent();
  private final Sent two = new Sent();
  private final CuttingKernel kernel = new CuttingKernel();
  private final OwnedDescriptor receiving =
      OwnedDescriptor.take(kernel.socket.readEnd(), "a socket");
  private final OwnedDescriptor sending =
      OwnedDescriptor.take(kernel.socket.writeEnd(), "a socket");
  private final BlockingDescriptor reader =
      new BlockingDescriptor(receiving, EventQueue.Interest.READABLE, WATCHER);
  private final BlockingDescriptor writer =
      new BlockingDescriptor(sending, EventQueue.Interest.WRITABLE, WATCHER);
  private final RecordFraming records =
      new RecordFraming(reader, writer, new RoomWait(sending, kernel, WATCHER), kernel);

  @AfterEach
  void nothingStaysOpen() {
    reader.close();
    writer.close();
    records.close();
    kernel.close();
    assertFalse(one.isHeld());
    assertFalse(two.isHeld());
    one.end();
    two.end();
    assertFalse(kernel.isRoomWatched());
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private void put(String text, boolean end, int... descriptors) {
    List<Integer> references = new ArrayList<>();
    for (int each : descriptors) {
      references.add(TestSystem.duplicate(each, 0));
    }
    kernel.put(bytes(text), references, end);
  }

  private Optional<ReceivedMessage> receive(long nanos) throws IOException {
    try (SocketMessage message = new SocketMessage(CuttingKernel.NUMBERS)) {
      return records.receive(message, Deadline.in(nanos));
    }
  }

  /** Receives a message without descriptors. */
  private String receive() throws IOException {
    ReceivedMessage arrived = receive(CEILING).orElseThrow();
    assertEquals(List.of(), arrived.descriptors());
    return new String(arrived.payload(), StandardCharsets.UTF_8);
  }

  private ReceivedMessage receiveWith(int descriptors) throws IOException {
    ReceivedMessage arrived = receive(CEILING).orElseThrow();
    assertEquals(descriptors, arrived.descriptors().size());
    arrived.descriptors().forEach(LibC::close);
    return arrived;
  }

  private Reason refusal() {
    return assertThrows(RefusedMessageException.class, () -> receive(CEILING)).reason();
  }

  private boolean send(long nanos, byte[] payload, Integer... descriptors) throws IOException {
    try (SocketMessage message = new SocketMessage(CuttingKernel.NUMBERS)) {
      return records.send(message, payload, List.of(descriptors), Deadline.in(nanos));
    }
  }

  private boolean send(String text) throws IOException {
    return send(CEILING, bytes(text));
  }

  // ---- Receiving

  @Test
  void partsAreJoined() throws Exception {
    put("one, ", false);
    put("two, ", false);
    put("three", true);
    put("four", true);
    assertEquals("one, two, three", receive());
    assertEquals("four", receive());
  }

  @Test
  void descriptorsOfAnyPartBelongToTheRecord() throws Exception {
    put("one, ", false, one.fd());
    put("two, ", false, one.fd(), two.fd());
    put("three", true, two.fd());
    put("four", true);
    assertArrayEquals(bytes("one, two, three"), receiveWith(4).payload());
    assertEquals("four", receive());
  }

  @Test
  void aTimeoutKeepsWhatCame() throws Exception {
    put("one, ", false, one.fd());
    assertEquals(Optional.empty(), receive(0));
    put("two, ", false);
    assertEquals(Optional.empty(), receive(1_000_000));
    assertEquals(Optional.empty(), receive(0));
    put("three", true);
    assertArrayEquals(bytes("one, two, three"), receiveWith(1).payload());
    assertEquals(Optional.empty(), receive(0));
  }

  @Test
  void whoOnlyLooksGetsAMessageThatIsThereInParts() throws Exception {
    for (int i = 0; i < 100; i++) {
      put("p", false, one.fd());
    }
    put(".", true);
    ReceivedMessage arrived = receive(0).orElseThrow();
    arrived.descriptors().forEach(LibC::close);
    assertEquals(101, arrived.payload().length);
    assertEquals(100, arrived.descriptors().size());
  }

  @Test
  void whoWaitsGetsTheRestWhenItComes() throws Exception {
    Await.Running<String> waiting = Await.start(() -> receive());
    put("one, ", false);
    Await.inside(waiting.thread(), "poll");
    put("two", true);
    assertEquals("one, two", Await.get(waiting.result()));
  }

  @Test
  void theEndInTheMiddle() throws Exception {
    put("whole", true);
    put("half", false, one.fd());
    kernel.hangUp();
    assertEquals("whole", receive());
    assertTrue(one.isHeld());
    assertEquals(Reason.INCOMPLETE, refusal());
    assertFalse(one.isHeld());
    assertThrows(EOFException.class, () -> receive(CEILING));
    assertThrows(EOFException.class, () -> receive(0));
  }

  @Test
  void descriptorsWithoutARecordAreAnEndInTheMiddleToo() {
    put("", false, one.fd());
    kernel.hangUp();
    assertEquals(Reason.INCOMPLETE, refusal());
    assertThrows(EOFException.class, () -> receive(CEILING));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 60_000, 200_000})
  void aRecordThatIsTooLongIsReadToItsEnd(int more) throws Exception {
    put("p".repeat(MAX_PAYLOAD), true);
    assertEquals(MAX_PAYLOAD, receive().length());
    put("p".repeat(MAX_PAYLOAD), false, one.fd());
    put("p".repeat(more), true, two.fd());
    put("next", true);
    assertEquals(Reason.PAYLOAD_CUT_OFF, refusal());
    assertFalse(one.isHeld());
    assertFalse(two.isHeld());
    assertEquals("next", receive());
  }

  @Test
  void aRecordWithoutEndDoesNotHoldWhoHasNoTime() throws Exception {
    for (int i = 0; i < 10; i++) {
      put("p".repeat(MAX_PAYLOAD), false, one.fd());
    }
    assertEquals(Optional.empty(), receive(0));
    assertTrue(kernel.queued() > 0, "the receive stopped before the end of the record");
    put("end", true);
    put("next", true);
    assertEquals(Reason.PAYLOAD_CUT_OFF, refusal());
    assertEquals("next", receive());
  }

  @Test
  void tooManyDescriptorsInAllParts() throws Exception {
    int[] many = new int[MAX_DESCRIPTORS];
    Arrays.fill(many, one.fd());
    put("all", true, many);
    receiveWith(MAX_DESCRIPTORS);
    put("one, ", false, many);
    put("two", true, two.fd());
    put("next", true);
    assertEquals(Reason.DESCRIPTORS_CUT_OFF, refusal());
    assertFalse(one.isHeld());
    assertFalse(two.isHeld());
    assertEquals("next", receive());
  }

  @Test
  void descriptorsThatFindNoNumbersRefuseTheirRecordOnly() throws Exception {
    kernel.withoutNumbers(1);
    put("one, ", false, one.fd());
    put("two", true, one.fd());
    put("next", true);
    assertEquals(Reason.DESCRIPTORS_CUT_OFF, refusal());
    assertEquals("next", receive());
    put("one, ", false, one.fd());
    assertEquals(Optional.empty(), receive(0));
    kernel.withoutNumbers(1);
    put("two", true, two.fd());
    put("next", true);
    assertEquals(Reason.DESCRIPTORS_CUT_OFF, refusal());
    assertFalse(one.isHeld(), "the descriptor of the first part is open");
    assertEquals("next", receive());
  }

  @Test
  void aCloseClosesWhatCameOfARecord() throws Exception {
    put("half", false, one.fd(), one.fd());
    assertEquals(Optional.empty(), receive(0));
    assertTrue(one.isHeld());
    records.close();
    records.close();
    assertFalse(one.isHeld());
    // The part of a receive that was already in progress.
    put("more", false, two.fd());
    assertThrows(AsynchronousCloseException.class, () -> receive(CEILING));
    put("end", true, two.fd());
    assertThrows(AsynchronousCloseException.class, () -> receive(CEILING));
    assertFalse(two.isHeld());
  }

  // ---- Sending

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 5000, MAX_PAYLOAD})
  void nulBytesAreTheSendersEvenIfThereAreNone(int length) throws Exception {
    kernel.limit(100_000);
    byte[] nul = new byte[length];
    for (int i = 0; i < 2; i++) {
      assertTrue(send(CEILING, nul, one.fd(), two.fd()));
    }
    assertEquals(2 * (length + 1 + 16), kernel.queued(), "one byte more than the payload");
    for (int i = 0; i < 2; i++) {
      assertArrayEquals(nul, receiveWith(2).payload());
    }
    if (length > 0) {
      byte[] other = nul.clone();
      other[length - 1] = 1;
      assertTrue(send(CEILING, nul));
      assertTrue(send(CEILING, other, one.fd()));
      assertEquals(2 * length + 8, kernel.queued(), "any other payload is sent unchanged");
      assertArrayEquals(nul, receiveWith(0).payload());
      assertArrayEquals(other, receiveWith(1).payload());
    }
  }

  @Test
  void oneNulTooMany() {
    put("\0".repeat(MAX_PAYLOAD + 2), true, one.fd());
    assertEquals(Reason.PAYLOAD_CUT_OFF, refusal());
  }

  @Test
  void nothingIsSentBeforeThereIsRoomForAll() throws Exception {
    kernel.limit(1000);
    int sends = kernel.sends();
    assertTrue(send(0, new byte[500]));
    assertFalse(send(0, new byte[501]));
    assertFalse(send(1_000_000, bytes("x".repeat(485)), one.fd(), two.fd()));
    assertEquals(500, kernel.queued());
    assertTrue(send(0, bytes("x".repeat(484)), one.fd(), two.fd()));
    assertEquals(1000, kernel.queued());
    assertEquals(sends + 2, kernel.sends(), "a send without room reached the kernel");
    receiveWith(0);
    receiveWith(2);
  }

  @Test
  void whoWaitsToSendIsToldOfRoom() throws Exception {
    kernel.limit(1000);
    assertTrue(send(0, new byte[600]));
    Await.Running<Boolean> waiting = Await.start(() -> send(CEILING, new byte[500], one.fd()));
    Await.inside(waiting.thread(), "poll");
    receiveWith(0);
    assertTrue(Await.get(waiting.result()));
    assertEquals(500, receiveWith(1).payload().length);
  }

  @Test
  void whoWaitsToSendIsToldOfTheClose() throws Exception {
    kernel.limit(10);
    Await.Running<Boolean> waiting = Await.start(() -> send(CEILING, new byte[11]));
    Await.inside(waiting.thread(), "poll");
    writer.close();
    records.close();
    assertInstanceOf(ClosedChannelException.class, Await.thrown(waiting.result()));
    assertThrows(ClosedChannelException.class, () -> send(0, new byte[1]));
  }

  @ParameterizedTest
  @ValueSource(ints = {801, 900, 1700, 5000})
  void aRecordThatWasCutIsFinished(int limit) throws Exception {
    byte[] payload = new byte[20_000];
    new Random(limit).nextBytes(payload);
    Integer[] descriptors = Collections.nCopies(100, one.fd()).toArray(new Integer[0]);
    kernel.limit(limit);
    kernel.lie(1);
    // The deadline has passed at the start, but a record that has begun must end.
    Await.Running<Boolean> sender = Await.start(() -> send(0, payload, descriptors));
    assertArrayEquals(payload, receiveWith(100).payload());
    assertTrue(Await.get(sender.result()));
    kernel.limit(65_536);
    assertTrue(send("next"));
    assertEquals("next", receive());
  }

  @Test
  void afterAFailureInTheMiddleThereIsNoChannel() throws Exception {
    kernel.limit(1000);
    kernel.lie(1);
    Await.Running<Boolean> sender = Await.start(() -> send(CEILING, new byte[2000], one.fd()));
    Await.until("the first part is there", () -> kernel.queued() == 1000);
    kernel.hangUp();
    assertInstanceOf(ProcessDescriptorException.class, Await.thrown(sender.result()));
    assertFalse(writer.isOpen());
    assertFalse(reader.isOpen());
    assertThrows(ClosedChannelException.class, () -> receive(CEILING));
    assertThrows(ClosedChannelException.class, () -> send(CEILING, new byte[1]));
  }

  @Test
  void toNobody() {
    kernel.hangUp();
    assertThrows(ProcessDescriptorException.class, () -> send("x"));
    assertTrue(writer.isOpen(), "nothing had begun");
  }
}
