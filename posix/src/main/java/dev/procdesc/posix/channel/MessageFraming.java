package dev.procdesc.posix.channel;

import dev.procdesc.posix.ffi.SocketNumbers;
import dev.procdesc.posix.ffi.SystemNumbers;
import dev.procdesc.posix.io.BlockingDescriptor;
import dev.procdesc.posix.io.Deadline;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** Separates messages on a socket. Called with the lock of that direction held. */
abstract sealed class MessageFraming implements AutoCloseable
    permits PacketFraming, RecordFraming, StreamFraming {
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

  /** Returns the flag of a send that ends a message; 0 if there is none. */
  int endOfMessage() {
    return numbers.msgEor().orElse(0);
  }

  /**
   * Checks a payload.
   *
   * @throws IllegalArgumentException if this framing cannot send it
   */
  void check(byte[] payload) {
    // Any payload can be sent.
  }

  /** Returns the number of bytes to receive at most. */
  int wanted() {
    return SocketMessage.DATA_ROOM;
  }

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
    int flags = numbers.msgDontwait() | numbers.msgNosignal() | endOfMessage();
    return writer.transfer("sendmsg", fd -> system.send(fd, message, flags), deadline);
  }

  /**
   * Sends data that must arrive as a whole. If the kernel has accepted only a part, because another
   * process sends over the same end, a buffer is small or memory is short, the rest follows without
   * a time limit: whatever else was sent would be taken for the rest. A failure in between closes
   * the channel.
   *
   * @return false if there was no room before the deadline; nothing was sent
   */
  final boolean transmitAll(
      SocketMessage message, byte[] data, List<Integer> descriptors, Deadline deadline)
      throws IOException {
    message.fill(data, descriptors);
    long sent = transmit(message, deadline);
    if (sent < 0) {
      return false;
    }
    if (sent < data.length) {
      finish(message, (int) sent, data.length);
    }
    return true;
  }

  private void finish(SocketMessage message, int begun, int length) throws IOException {
    boolean whole = false;
    try {
      int sent = begun;
      int last = begun;
      while (sent < length) {
        message.skip(last);
        last = (int) transmit(message, Deadline.NONE);
        sent += last;
      }
      whole = true;
    } finally {
      if (!whole) {
        closeAll();
      }
    }
  }

  /** Closes the channel, because the boundaries of its messages are lost. */
  final void closeAll() {
    reader.close();
    writer.close();
    close();
  }

  /** Returns whether the kernel reports that it dropped descriptors. */
  final boolean isCutOff(SocketMessage message) {
    return (message.flags() & numbers.msgCtrunc()) != 0;
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
          message.clear(wanted());
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
