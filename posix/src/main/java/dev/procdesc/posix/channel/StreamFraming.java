package dev.procdesc.posix.channel;

import static dev.procdesc.DescriptorChannel.MAX_PAYLOAD;

import dev.procdesc.Framing;
import dev.procdesc.RefusedMessageException;
import dev.procdesc.RefusedMessageException.Reason;
import dev.procdesc.posix.io.BlockingDescriptor;
import dev.procdesc.posix.io.Deadline;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;

/**
 * Framing on a stream socket: a length of four bytes and the payload, or single bytes.
 *
 * <p>A receive asks for the rest of the length, then for the rest of the payload, and never for a
 * byte of the next frame. So each descriptor that arrives is one of the frame, although the kernels
 * differ: Linux ends a receive after the data with which descriptors were sent, and does not end it
 * before that data; FreeBSD ends it before that data.
 *
 * <p>Rejected: receiving as much as there is, which would save a call for each frame. On Linux
 * nothing would tell the frame to which the descriptors belong, without a count of them in each
 * frame, and a count is a claim of the sender.
 *
 * <p>A frame with the default buffers is sent whole or not at all: Linux puts up to 36 KiB into one
 * buffer, and FreeBSD before 15 accepts what fits into SO_SNDBUF, which {@link SocketChannel}
 * enlarges. From 15 on a send first waits for the room, as in {@link RecordFraming}.
 */
final class StreamFraming extends MessageFraming {
  private static final int LENGTH = Integer.BYTES;

  private final boolean prefixed;
  private final Optional<RoomWait> room;
  private final PartialMessage partial = new PartialMessage(false);
  private final ByteBuffer length = ByteBuffer.allocate(LENGTH); // Big-endian, as in networks.
  private int missing;
  private boolean ignored;

  /**
   * Creates the framing for a socket, whose two directions are locked by the reader and the writer.
   *
   * @param room the wait for room, where a send may otherwise transfer a part
   */
  StreamFraming(
      BlockingDescriptor reader,
      BlockingDescriptor writer,
      Optional<RoomWait> room,
      MessageCalls system,
      Framing framing) {
    super(reader, writer, system);
    this.prefixed = framing == Framing.LENGTH_PREFIX;
    this.room = room;
    begin();
  }

  private void begin() {
    length.clear();
    if (!prefixed) {
      length.position(LENGTH);
    }
    missing = prefixed ? 0 : 1;
  }

  /** Returns 0: a stream has no records to end. */
  @Override
  int endOfMessage() {
    return 0;
  }

  @Override
  void check(byte[] payload) {
    if (!prefixed && payload.length != 1) {
      throw new IllegalArgumentException(
          "a message of this channel is one byte (Framing.SINGLE_BYTE): " + payload.length);
    }
  }

  @Override
  boolean send(SocketMessage message, byte[] payload, List<Integer> descriptors, Deadline deadline)
      throws IOException {
    byte[] data = prefixed
        ? ByteBuffer.allocate(LENGTH + payload.length)
            .putInt(payload.length)
            .put(payload)
            .array()
        : payload;
    if (room.isPresent() && !room.get().await(data.length, descriptors.size(), deadline)) {
      return false;
    }
    return transmitAll(message, data, descriptors, deadline);
  }

  @Override
  int wanted() {
    return length.hasRemaining() ? length.remaining() : missing;
  }

  @Override
  Optional<ReceivedMessage> add(SocketMessage message, Receipt receipt) throws IOException {
    ignored = false;
    if (receipt.dropped()) {
      // The data remain in the queue: the descriptors were those of the frame that they belong to.
      partial.refuse(Reason.DESCRIPTORS_CUT_OFF, DROPPED);
      return Optional.empty();
    }
    List<Integer> descriptors = message.descriptors();
    boolean cutOff = isCutOff(message);
    if (receipt.count() == 0 && !cutOff && !message.hasControl()) {
      partial.cutShort();
      throw new EOFException("the other end is closed");
    }
    byte[] data = message.payload(receipt.count());
    boolean inLength = length.hasRemaining();
    partial.add(inLength ? new byte[0] : data, descriptors);
    if (cutOff) {
      partial.refuse(Reason.DESCRIPTORS_CUT_OFF, cutOff(descriptors.size()));
    }
    if (inLength) {
      length.put(data);
      if (length.hasRemaining()) {
        return Optional.empty();
      }
      missing = checkedLength();
    } else {
      missing -= data.length;
    }
    return missing > 0 ? Optional.empty() : end();
  }

  private int checkedLength() throws RefusedMessageException {
    int announced = length.getInt(0);
    if (announced < 0 || announced > MAX_PAYLOAD) {
      closeAll();
      throw new RefusedMessageException(
          Reason.PAYLOAD_CUT_OFF,
          "a frame announces " + Integer.toUnsignedString(announced) + " bytes, the maximum is "
              + MAX_PAYLOAD + "; the channel is closed, because the other end does not use"
              + " Framing.LENGTH_PREFIX");
    }
    return announced;
  }

  private Optional<ReceivedMessage> end() throws IOException {
    begin();
    ReceivedMessage arrived = partial.end();
    ignored = arrived.payload().length == 0 && arrived.descriptors().isEmpty();
    return ignored ? Optional.empty() : Optional.of(arrived);
  }

  /** Returns whether the last frame was empty: a sender may send empty ones without end. */
  @Override
  boolean mayBeEndless() {
    return ignored;
  }

  @Override
  public void close() {
    room.ifPresent(RoomWait::close);
    partial.close();
  }
}
