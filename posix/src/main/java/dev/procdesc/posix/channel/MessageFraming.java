package dev.procdesc.posix.channel;

import dev.procdesc.posix.io.Deadline;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** Separates messages on a socket. Called with the lock of that direction held. */
sealed interface MessageFraming extends AutoCloseable permits PacketFraming, RecordFraming {
  /**
   * Sends a message.
   *
   * @return false if there was no room before the deadline; nothing was sent
   */
  boolean send(SocketMessage message, byte[] payload, List<Integer> descriptors, Deadline deadline)
      throws IOException;

  /**
   * Waits for a message.
   *
   * @return the message; empty if none was complete before the deadline
   */
  Optional<ReceivedMessage> receive(SocketMessage message, Deadline deadline) throws IOException;

  /** Releases the received parts of an incomplete message. Idempotent and thread-safe. */
  @Override
  void close();
}
