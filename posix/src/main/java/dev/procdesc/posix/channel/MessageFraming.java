package dev.procdesc.posix.channel;

import dev.procdesc.posix.ffi.SocketNumbers;
import dev.procdesc.posix.ffi.SystemNumbers;
import dev.procdesc.posix.io.BlockingDescriptor;
import dev.procdesc.posix.io.Deadline;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** Separates messages on a socket. Called with the lock of that direction held. */
abstract sealed class MessageFraming implements AutoCloseable permits PacketFraming, RecordFraming {
  /** Explains the refusal of a message whose descriptors the kernel dropped. */
  static final String DROPPED =
      "its descriptors were dropped: this JVM may be at its limit of open files";

  final BlockingDescriptor reader;
  final BlockingDescriptor writer;
  final SocketNumbers numbers = SystemNumbers.sockets();
  private final MessageCalls system;

  MessageFraming(BlockingDescriptor reader, BlockingDescriptor writer, MessageCalls system) {
    this.reader = reader;
    this.writer = writer;
    this.system = system;
  }

  /**
   * The result of one receive.
   *
   * @param count the number of bytes
   * @param dropped whether the kernel closed the descriptors, because this process had no free
   *     numbers for them
   */
  record Receipt(int count, boolean dropped) {}

  /**
   * Sends a message.
   *
   * @return false if there was no room before the deadline; nothing was sent
   */
  abstract boolean send(
      SocketMessage message, byte[] payload, List<Integer> descriptors, Deadline deadline)
      throws IOException;

  /**
   * Sends the content of a message, or as much of it as there is room for.
   *
   * @return the number of bytes sent; negative after the deadline
   */
  final long transmit(SocketMessage message, Deadline deadline) throws IOException {
    int flags = numbers.msgDontwait() | numbers.msgNosignal() | numbers.msgEor().orElse(0);
    return writer.transfer("sendmsg", fd -> system.send(fd, message, flags), deadline);
  }

  /**
   * Waits for a message.
   *
   * @return the message; empty if none was complete before the deadline
   */
  final Optional<ReceivedMessage> receive(SocketMessage message, Deadline deadline)
      throws IOException {
    while (true) {
      Optional<Receipt> receipt = receiveOnce(message, deadline);
      if (receipt.isEmpty()) {
        return Optional.empty();
      }
      Optional<ReceivedMessage> complete = add(message, receipt.get());
      if (complete.isPresent() || (mayBeEndless() && deadline.isOver())) {
        return complete;
      }
    }
  }

  /** Receives into a message; returns empty if nothing arrived before the deadline. */
  private Optional<Receipt> receiveOnce(SocketMessage message, Deadline deadline)
      throws IOException {
    int flags = numbers.msgDontwait() | numbers.msgCmsgCloexec();
    boolean[] noRoom = {false};
    long count = reader.transfer(
        "recvmsg",
        fd -> {
          message.clear();
          int outcome = system.receive(fd, message, flags);
          noRoom[0] = numbers.isNoRoom(outcome);
          return noRoom[0] ? 0 : outcome;
        },
        deadline);
    return count < 0 ? Optional.empty() : Optional.of(new Receipt((int) count, noRoom[0]));
  }

  /**
   * Adds the content of one receive.
   *
   * @return the message that this completes; empty if it completes none
   */
  abstract Optional<ReceivedMessage> add(SocketMessage message, Receipt receipt) throws IOException;

  /**
   * Returns whether any amount of data may arrive before a message is complete, so that it must not
   * extend a deadline.
   */
  abstract boolean mayBeEndless();

  /** Returns the reason for refusing a message of which only some descriptors arrived. */
  static String cutOff(int came) {
    return "descriptors were cut off, " + came
        + " arrived: this JVM may be at its limit of open files, or there were too many";
  }

  /** Releases the received parts of an incomplete message. Idempotent and thread-safe. */
  @Override
  public abstract void close();
}
