package dev.procdesc.posix.channel;

import dev.procdesc.posix.io.Deadline;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** How messages are kept apart on a socket. Called with the lock of that direction held. */
sealed interface MessageFraming extends AutoCloseable permits PacketFraming, RecordFraming {
  /**
   * Sends a message.
   *
   * @return false if there was no room in time; nothing was sent
   */
  boolean send(SocketMessage message, byte[] payload, List<Integer> descriptors, Deadline deadline)
      throws IOException;

  /**
   * Waits for a message.
   *
   * @return empty if none was complete in time
   */
  Optional<ReceivedMessage> receive(SocketMessage message, Deadline deadline) throws IOException;

  /** Closes what is held of a message that is not complete. Idempotent, from any thread. */
  @Override
  void close();
}
