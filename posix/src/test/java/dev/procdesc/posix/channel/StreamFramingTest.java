package dev.procdesc.posix.channel;

import static dev.procdesc.DescriptorChannel.MAX_DESCRIPTORS;
import static dev.procdesc.DescriptorChannel.MAX_PAYLOAD;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.Framing;
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
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests frames on a stream, on a kernel that splits data anywhere. */
final class StreamFramingTest {
  private static final Watcher WATCHER = new Watcher(new PollQueue());
  private static final long CEILING = Timeouts.CEILING.toNanos();

  private final TestSystem.Pipe sent = TestSystem.pipe();
  private boolean given;
  private final CuttingKernel kernel = new CuttingKernel();
  private final OwnedDescriptor receiving =
      OwnedDescriptor.take(kernel.socket.readEnd(), "a socket");
  private final OwnedDescriptor sending =
      OwnedDescriptor.take(kernel.socket.writeEnd(), "a socket");
  private final BlockingDescriptor reader =
      new BlockingDescriptor(receiving, EventQueue.Interest.READABLE, WATCHER);
  private final BlockingDescriptor writer =
      new BlockingDescriptor(sending, EventQueue.Interest.WRITABLE, WATCHER);
  private final RoomWait room = new RoomWait(sending, kernel, WATCHER);
  private final StreamFraming frames = framing(Framing.LENGTH_PREFIX);
  private final StreamFraming single = framing(Framing.SINGLE_BYTE);

  private StreamFraming framing(Framing framing) {
    return new StreamFraming(reader, writer, Optional.of(room), kernel, framing);
  }

  @AfterEach
  void nothingStaysOpen() {
    reader.close();
    writer.close();
    frames.close();
    single.close();
    kernel.close();
    assertFalse(isHeld());
    LibC.close(sent.readEnd());
    assertFalse(kernel.isRoomWatched());
  }

  /** Returns whether a copy of the descriptor that was sent is open. */
  private boolean isHeld() {
    if (!given) {
      given = true;
      LibC.close(sent.writeEnd());
    }
    return TestSystem.readByte(sent.readEnd()) != -1;
  }

  private static byte[] frame(String text) {
    byte[] payload = text.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(4 + payload.length)
        .putInt(payload.length)
        .put(payload)
        .array();
  }

  private void put(byte[] data, int descriptors) {
    List<Integer> references = new ArrayList<>();
    for (int i = 0; i < descriptors; i++) {
      references.add(TestSystem.duplicate(sent.writeEnd(), 0));
    }
    kernel.put(data, references, false);
  }

  private static Optional<ReceivedMessage> receive(StreamFraming framing, long nanos)
      throws IOException {
    try (SocketMessage message = new SocketMessage(CuttingKernel.NUMBERS)) {
      return framing.receive(message, Deadline.in(nanos));
    }
  }

  /** Receives a message, closes its descriptors, and returns its text and their number. */
  private String receive() throws IOException {
    return text(receive(frames, CEILING).orElseThrow());
  }

  private static String text(ReceivedMessage arrived) {
    arrived.descriptors().forEach(LibC::close);
    return new String(arrived.payload(), StandardCharsets.UTF_8)
        + arrived.descriptors().size();
  }

  private Reason refusal() {
    return assertThrows(RefusedMessageException.class, () -> receive(frames, CEILING))
        .reason();
  }

  private static boolean send(
      StreamFraming framing, long nanos, byte[] payload, Integer... descriptors)
      throws IOException {
    try (SocketMessage message = new SocketMessage(CuttingKernel.NUMBERS)) {
      return framing.send(message, payload, List.of(descriptors), Deadline.in(nanos));
    }
  }

  // ---- Receiving

  @Test
  void framesThatArriveTogetherAreTakenApart() throws Exception {
    put(frame("one"), 1);
    put(frame("two"), 0);
    put(frame("three"), 2);
    assertEquals("one1", receive());
    assertEquals("two0", receive());
    assertEquals("three2", receive());
    assertEquals(Optional.empty(), receive(frames, 0));
  }

  @Test
  void aFrameThatArrivesByteByByteIsJoinedAcrossTimeouts() throws Exception {
    byte[] frame = frame("text");
    for (int i = 0; i < frame.length; i++) {
      assertEquals(Optional.empty(), receive(frames, 0));
      put(new byte[] {frame[i]}, i == 0 ? 1 : 0);
    }
    assertEquals("text1", text(receive(frames, 0).orElseThrow()));
  }

  @Test
  void descriptorsOfAnyByteBelongToTheFrame() throws Exception {
    byte[] frame = frame("text");
    put(new byte[] {frame[0], frame[1]}, 1);
    put(new byte[] {frame[2], frame[3], frame[4]}, 1);
    put(new byte[] {frame[5], frame[6], frame[7]}, 1);
    put(frame("next"), 1);
    assertEquals("text3", receive());
    assertEquals("next1", receive());
  }

  @Test
  void nulBytesAreTheSenders() throws Exception {
    for (int length : new int[] {0, 1, 2, 1000, MAX_PAYLOAD}) {
      assertTrue(send(frames, CEILING, new byte[length], sent.writeEnd()));
      ReceivedMessage arrived = receive(frames, CEILING).orElseThrow();
      arrived.descriptors().forEach(LibC::close);
      assertArrayEquals(new byte[length], arrived.payload());
    }
  }

  @Test
  void emptyFramesAreIgnored() throws Exception {
    for (int i = 0; i < 5; i++) {
      put(frame(""), 0);
    }
    assertEquals(Optional.empty(), receive(frames, 0));
    assertTrue(kernel.queued() > 0, "the receive stopped although more is there");
    put(frame("text"), 0);
    assertEquals("text0", receive());
    put(frame(""), 1);
    assertEquals("1", receive());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 4, 5, 7})
  void theEndInTheMiddle(int arrived) throws Exception {
    put(frame("whole"), 0);
    byte[] begun = new byte[arrived];
    System.arraycopy(frame("half"), 0, begun, 0, arrived);
    put(begun, 1);
    kernel.hangUp();
    assertEquals("whole0", receive());
    assertEquals(Reason.INCOMPLETE, refusal());
    assertFalse(isHeld());
    assertThrows(EOFException.class, () -> receive(frames, CEILING));
    assertThrows(EOFException.class, () -> receive(frames, 0));
  }

  @ParameterizedTest
  @ValueSource(ints = {MAX_PAYLOAD + 1, Integer.MAX_VALUE, -1, 0x47455420})
  void aLengthThatIsNoneClosesTheChannel(int length) throws Exception {
    put(frame("p".repeat(MAX_PAYLOAD)), 0);
    assertEquals(MAX_PAYLOAD + 1, receive().length());
    put(ByteBuffer.allocate(8).putInt(length).array(), 1);
    assertEquals(Reason.PAYLOAD_CUT_OFF, refusal());
    assertFalse(isHeld());
    assertFalse(reader.isOpen());
    assertFalse(writer.isOpen());
    assertThrows(ClosedChannelException.class, () -> receive(frames, CEILING));
    assertThrows(ClosedChannelException.class, () -> send(frames, 0, new byte[1]));
  }

  @Test
  void tooManyDescriptorsRefuseTheirFrame() throws Exception {
    put(frame("all"), MAX_DESCRIPTORS);
    assertEquals("all" + MAX_DESCRIPTORS, receive());
    byte[] frame = frame("x");
    put(new byte[] {frame[0]}, MAX_DESCRIPTORS);
    put(new byte[] {frame[1], frame[2], frame[3], frame[4]}, 1);
    put(frame("next"), 0);
    assertEquals(Reason.DESCRIPTORS_CUT_OFF, refusal());
    assertFalse(isHeld());
    assertEquals("next0", receive());
  }

  @Test
  void descriptorsThatFindNoNumbersRefuseTheirFrameOnly() throws Exception {
    kernel.withoutNumbers(1);
    put(frame("one"), 1);
    put(frame("next"), 1);
    assertEquals(Reason.DESCRIPTORS_CUT_OFF, refusal());
    assertEquals("next1", receive());
    byte[] frame = frame("two");
    put(new byte[] {frame[0]}, 1);
    assertEquals(Optional.empty(), receive(frames, 0));
    kernel.withoutNumbers(1);
    put(new byte[] {frame[1], frame[2], frame[3], frame[4], frame[5], frame[6]}, 1);
    put(frame("next"), 0);
    assertEquals(Reason.DESCRIPTORS_CUT_OFF, refusal());
    assertFalse(isHeld(), "the descriptor of the first part is open");
    assertEquals("next0", receive());
  }

  @Test
  void aCloseClosesWhatCameOfAFrame() throws Exception {
    put(new byte[] {0, 0}, 2);
    assertEquals(Optional.empty(), receive(frames, 0));
    put(new byte[] {0}, 1); // The part of a receive that was already in progress.
    frames.close();
    frames.close();
    assertThrows(AsynchronousCloseException.class, () -> receive(frames, CEILING));
    assertFalse(isHeld());
  }

  // ---- Sending

  @Test
  void aFrameIsTheLengthAndThePayload() throws Exception {
    assertTrue(send(frames, 0, "text".getBytes(StandardCharsets.UTF_8), sent.writeEnd()));
    assertEquals(4 + 4 + 8, kernel.queued());
    for (byte expected : frame("text")) {
      ReceivedMessage byteOfFrame = receive(single, CEILING).orElseThrow();
      byteOfFrame.descriptors().forEach(LibC::close);
      assertArrayEquals(new byte[] {expected}, byteOfFrame.payload());
    }
  }

  @Test
  void nothingIsSentBeforeThereIsRoomForAll() throws Exception {
    kernel.limit(1000);
    int sends = kernel.sends();
    assertTrue(send(frames, 0, new byte[496]));
    assertFalse(send(frames, 0, new byte[497]));
    assertFalse(send(frames, 1_000_000, new byte[490], sent.writeEnd()));
    assertTrue(send(frames, 0, new byte[488], sent.writeEnd()));
    assertEquals(1000, kernel.queued());
    assertEquals(sends + 2, kernel.sends(), "a send without room reached the kernel");
  }

  @ParameterizedTest
  @ValueSource(ints = {801, 900, 5000})
  void aFrameThatWasCutIsFinished(int limit) throws Exception {
    byte[] payload = new byte[20_000];
    new Random(limit).nextBytes(payload);
    Integer[] descriptors = Collections.nCopies(100, sent.writeEnd()).toArray(new Integer[0]);
    kernel.limit(limit);
    kernel.lie(1);
    // The deadline has passed at the start, but a frame that has begun must end.
    Await.Running<Boolean> sender = Await.start(() -> send(frames, 0, payload, descriptors));
    ReceivedMessage arrived = receive(frames, CEILING).orElseThrow();
    arrived.descriptors().forEach(LibC::close);
    assertArrayEquals(payload, arrived.payload());
    assertEquals(100, arrived.descriptors().size());
    assertTrue(Await.get(sender.result()));
  }

  @Test
  void afterAnInterruptInTheMiddleThereIsNoChannel() throws Exception {
    kernel.limit(1000);
    kernel.lie(1);
    Await.Running<Boolean> sender = Await.start(() -> send(frames, CEILING, new byte[2000]));
    Await.until("the first part is there", () -> kernel.queued() == 1000);
    sender.thread().interrupt();
    assertInstanceOf(ClosedByInterruptException.class, Await.thrown(sender.result()));
    assertFalse(writer.isOpen());
    assertFalse(reader.isOpen());
    assertThrows(ClosedChannelException.class, () -> receive(frames, CEILING));
  }

  // ---- Single bytes

  @Test
  void eachByteIsAMessageWithItsDescriptors() throws Exception {
    assertTrue(send(single, 0, new byte[] {'a'}, sent.writeEnd()));
    assertTrue(send(single, 0, new byte[] {'b'}));
    assertTrue(send(single, 0, new byte[] {0}, sent.writeEnd(), sent.writeEnd()));
    assertEquals(3 + 3 * 8, kernel.queued());
    assertEquals("a1", text(receive(single, CEILING).orElseThrow()));
    assertEquals("b0", text(receive(single, CEILING).orElseThrow()));
    assertEquals("\0" + "2", text(receive(single, CEILING).orElseThrow()));
    kernel.hangUp();
    assertThrows(EOFException.class, () -> receive(single, CEILING));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 2})
  void aMessageIsExactlyOneByte(int length) {
    assertThrows(IllegalArgumentException.class, () -> single.check(new byte[length]));
    frames.check(new byte[length]);
  }
}
