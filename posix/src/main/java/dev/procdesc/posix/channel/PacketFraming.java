package dev.procdesc.posix.channel;

import static dev.procdesc.DescriptorChannel.MAX_PAYLOAD;

import dev.procdesc.RefusedMessageException;
import dev.procdesc.RefusedMessageException.Reason;
import dev.procdesc.posix.ffi.Descriptors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.ffi.SocketNumbers;
import dev.procdesc.posix.ffi.SystemNumbers;
import dev.procdesc.posix.io.BlockingDescriptor;
import dev.procdesc.posix.io.Deadline;
import java.io.EOFException;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** Framing where each send is a record, received whole or truncated: Linux, FreeBSD up to 14. */
final class PacketFraming implements MessageFraming {
  private final BlockingDescriptor reader;
  private final BlockingDescriptor writer;
  private final SocketNumbers numbers = SystemNumbers.sockets();
  private final MessageCalls system;
  private final MessageReceiver receiver;

  PacketFraming(BlockingDescriptor reader, BlockingDescriptor writer, MessageCalls system) {
    this.reader = reader;
    this.writer = writer;
    this.system = system;
    this.receiver = new MessageReceiver(reader, system);
  }

  @Override
  public boolean send(
      SocketMessage message, byte[] payload, List<Integer> descriptors, Deadline deadline)
      throws IOException {
    message.fill(payload, descriptors);
    int flags = numbers.msgDontwait() | numbers.msgNosignal() | numbers.msgEor().orElse(0);
    long count = writer.transfer("sendmsg", fd -> system.send(fd, message, flags), deadline);
    return count >= 0;
  }

  @Override
  public Optional<ReceivedMessage> receive(SocketMessage message, Deadline deadline)
      throws IOException {
    while (true) {
      Optional<MessageReceiver.Receipt> receipt = receiver.receive(message, deadline);
      if (receipt.isEmpty()) {
        return Optional.empty();
      }
      if (receipt.get().dropped()) {
        throw new RefusedMessageException(Reason.DESCRIPTORS_CUT_OFF, MessageReceiver.DROPPED);
      }
      int count = receipt.get().count();
      List<Integer> descriptors = message.descriptors();
      if (count > 0 || !descriptors.isEmpty() || isCutOff(message)) {
        return Optional.of(arrived(message, count, descriptors));
      }
      if (isAtEnd()) {
        throw new EOFException("the other end is closed");
      }
      if (deadline.isOver()) {
        return Optional.empty(); // Empty packets must not extend the deadline.
      }
    }
  }

  private boolean isCutOff(SocketMessage message) {
    return (message.flags() & (numbers.msgCtrunc() | numbers.msgTrunc())) != 0;
  }

  private ReceivedMessage arrived(SocketMessage message, int count, List<Integer> descriptors)
      throws RefusedMessageException {
    int flags = message.flags();
    if ((flags & numbers.msgCtrunc()) != 0) {
      descriptors.forEach(LibC::close);
      throw new RefusedMessageException(
          Reason.DESCRIPTORS_CUT_OFF, MessageReceiver.cutOff(descriptors.size()));
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
