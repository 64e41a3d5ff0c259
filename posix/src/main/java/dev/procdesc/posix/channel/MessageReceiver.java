package dev.procdesc.posix.channel;

import dev.procdesc.posix.io.BlockingDescriptor;
import dev.procdesc.posix.io.Deadline;
import java.io.IOException;
import java.util.Optional;

/** The wait for a message, or for a part of one. */
final class MessageReceiver {
  /** Why a message is refused whose descriptors the kernel could not give us. */
  static final String DROPPED = "its descriptors were dropped: this JVM may have no more of them";

  private final BlockingDescriptor reader;
  private final SocketNumbers numbers;
  private final MessageCalls system;

  MessageReceiver(BlockingDescriptor reader, SocketNumbers numbers, MessageCalls system) {
    this.reader = reader;
    this.numbers = numbers;
    this.system = system;
  }

  /**
   * What a receive gave.
   *
   * @param count of bytes
   * @param dropped whether its descriptors found no numbers here, and the kernel closed them
   */
  record Receipt(int count, boolean dropped) {}

  /** Receives into a message; empty if nothing came in time. */
  Optional<Receipt> receive(SocketMessage message, Deadline deadline) throws IOException {
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
        deadline.left());
    return count < 0 ? Optional.empty() : Optional.of(new Receipt((int) count, noRoom[0]));
  }

  /** Why a message is refused of whose descriptors only some came. */
  static String cutOff(int came) {
    return "descriptors were cut off, " + came
        + " came: this JVM may have no more of them, or there were too many";
  }
}
