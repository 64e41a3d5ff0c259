package dev.procdesc.posix.channel;

import dev.procdesc.posix.ffi.SocketNumbers;
import dev.procdesc.posix.ffi.SystemNumbers;
import dev.procdesc.posix.io.BlockingDescriptor;
import dev.procdesc.posix.io.Deadline;
import java.io.IOException;
import java.util.Optional;

/** Waits for a message, or for a part of one. */
final class MessageReceiver {
  /** Explains the refusal of a message whose descriptors the kernel dropped. */
  static final String DROPPED =
      "its descriptors were dropped: this JVM may be at its limit of open files";

  private final BlockingDescriptor reader;
  private final SocketNumbers numbers = SystemNumbers.sockets();
  private final MessageCalls system;

  MessageReceiver(BlockingDescriptor reader, MessageCalls system) {
    this.reader = reader;
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

  /** Receives into a message; returns empty if nothing arrived before the deadline. */
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
        deadline);
    return count < 0 ? Optional.empty() : Optional.of(new Receipt((int) count, noRoom[0]));
  }

  /** Returns the reason for refusing a message of which only some descriptors arrived. */
  static String cutOff(int came) {
    return "descriptors were cut off, " + came
        + " arrived: this JVM may be at its limit of open files, or there were too many";
  }
}
