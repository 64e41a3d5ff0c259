package dev.procdesc.posix.channel;

import dev.procdesc.RefusedMessageException.Reason;
import dev.procdesc.posix.io.BlockingDescriptor;
import dev.procdesc.posix.io.Deadline;
import java.io.EOFException;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * Framing where a send with MSG_EOR ends a record, and the kernel may split the record anywhere:
 * FreeBSD from 15 on. One receive returns the available data up to the end of a record; one send
 * transfers as much as there is room for.
 *
 * <p>A receive therefore joins parts, and retains them when its deadline passes. A send first waits
 * until there is room for the whole record: no kernel splits it then, and a send that timed out has
 * sent nothing.
 *
 * <p>Rejected: starting to send immediately, and continuing without a time limit. A caller that
 * polls with a short timeout would wait for the receiver, which may be the same thread. Moreover,
 * if a full queue has room for the descriptors only, FreeBSD 15 accepts them and returns EAGAIN, so
 * that a second attempt sends them twice.
 */
final class RecordFraming extends MessageFraming {
  private final RoomWait room;
  private final PartialMessage partial = new PartialMessage(true);

  /**
   * Creates the framing for a socket, whose two directions are locked by the reader and the writer.
   */
  RecordFraming(
      BlockingDescriptor reader, BlockingDescriptor writer, RoomWait room, MessageCalls system) {
    super(reader, writer, system);
    this.room = room;
  }

  @Override
  boolean send(SocketMessage message, byte[] payload, List<Integer> descriptors, Deadline deadline)
      throws IOException {
    byte[] data = descriptors.isEmpty() ? payload : PartialMessage.pad(payload);
    return room.await(data.length, descriptors.size(), deadline)
        && transmitAll(message, data, descriptors, deadline);
  }

  @Override
  Optional<ReceivedMessage> add(SocketMessage message, Receipt receipt) throws IOException {
    if (receipt.dropped()) {
      // The kernel has returned the data to the queue.
      partial.refuse(Reason.DESCRIPTORS_CUT_OFF, DROPPED);
      return Optional.empty();
    }
    return endsRecord(message, receipt.count()) ? Optional.of(partial.end()) : Optional.empty();
  }

  /** The length limit ends a record that is not refused yet; a refused one may be endless. */
  @Override
  boolean mayBeEndless() {
    return partial.isRefused();
  }

  /** Adds the received part; returns whether it ends the record. */
  private boolean endsRecord(SocketMessage message, int count) throws IOException {
    List<Integer> descriptors = message.descriptors();
    boolean cutOff = isCutOff(message);
    // An empty record cannot be sent, so a receive without any content is the end of file.
    if (count == 0 && !cutOff && !message.hasControl()) {
      partial.cutShort();
      throw new EOFException("the other end is closed");
    }
    partial.add(message.payload(count), descriptors);
    if (cutOff) {
      partial.refuse(Reason.DESCRIPTORS_CUT_OFF, cutOff(descriptors.size()));
    }
    return (message.flags() & numbers.msgEor().orElseThrow()) != 0;
  }

  @Override
  public void close() {
    room.close();
    partial.close();
  }
}
