package dev.procdesc.posix.channel;

import static dev.procdesc.DescriptorChannel.MAX_PAYLOAD;

import dev.procdesc.RefusedMessageException;
import dev.procdesc.RefusedMessageException.Reason;
import dev.procdesc.posix.ffi.Descriptors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.io.BlockingDescriptor;
import dev.procdesc.posix.io.Deadline;
import java.io.EOFException;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** Framing where each send is a record, received whole or truncated: Linux, FreeBSD up to 14. */
final class PacketFraming extends MessageFraming {
  PacketFraming(BlockingDescriptor reader, BlockingDescriptor writer, MessageCalls system) {
    super(reader, writer, system);
  }

  @Override
  boolean send(SocketMessage message, byte[] payload, List<Integer> descriptors, Deadline deadline)
      throws IOException {
    message.fill(payload, descriptors);
    return transmit(message, deadline) >= 0;
  }

  @Override
  Optional<ReceivedMessage> add(SocketMessage message, Receipt receipt) throws IOException {
    if (receipt.dropped()) {
      throw new RefusedMessageException(Reason.DESCRIPTORS_CUT_OFF, DROPPED);
    }
    List<Integer> descriptors = message.descriptors();
    if (receipt.count() > 0 || !descriptors.isEmpty() || isTruncated(message)) {
      return Optional.of(arrived(message, receipt.count(), descriptors));
    }
    if (isAtEnd()) {
      throw new EOFException("the other end is closed");
    }
    return Optional.empty();
  }

  /** Returns true: a sender may send empty packets without end. */
  @Override
  boolean mayBeEndless() {
    return true;
  }

  private boolean isTruncated(SocketMessage message) {
    return isCutOff(message) || (message.flags() & numbers.msgTrunc()) != 0;
  }

  private ReceivedMessage arrived(SocketMessage message, int count, List<Integer> descriptors)
      throws RefusedMessageException {
    int flags = message.flags();
    if ((flags & numbers.msgCtrunc()) != 0) {
      descriptors.forEach(LibC::close);
      throw new RefusedMessageException(Reason.DESCRIPTORS_CUT_OFF, cutOff(descriptors.size()));
    }
    if ((flags & numbers.msgTrunc()) != 0 || count > MAX_PAYLOAD) {
      descriptors.forEach(LibC::close);
      throw new RefusedMessageException(
          Reason.PAYLOAD_CUT_OFF, "the payload is longer than " + MAX_PAYLOAD + " bytes");
    }
    return new ReceivedMessage(message.payload(count), descriptors);
  }

  /**
   * Returns whether the end of file is reached. An empty packet is received like the end of file;
   * at the end, however, the other end has hung up and the queue contains no bytes.
   */
  private boolean isAtEnd() throws IOException {
    try (NativeMemory memory = NativeMemory.borrow()) {
      int events = PosixNumbers.POLLIN | numbers.pollRdhup();
      long result = reader.attempt(fd -> {
        int seen = Descriptors.poll(fd, events, 0);
        if (seen <= 0 || (seen & (PosixNumbers.POLLHUP | numbers.pollRdhup())) == 0) {
          return 0;
        }
        memory.bytes().putInt(0, 0);
        int outcome = LibC.ioctl(fd, numbers.fionread(), memory.address());
        return outcome < 0 || memory.bytes().getInt(0) == 0 ? 1 : 0;
      });
      return result == 1;
    }
  }

  @Override
  public void close() {
    // No part of a message is held between two calls.
  }
}
