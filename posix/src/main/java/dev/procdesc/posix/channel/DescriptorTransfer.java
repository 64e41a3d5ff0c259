package dev.procdesc.posix.channel;

import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessDescriptorException;
import java.util.Optional;
import java.util.OptionalInt;

/** The operations of a backend on descriptors that are transferred over sockets. */
public interface DescriptorTransfer {
  /** Returns whether a received descriptor is a process descriptor of a whole process. */
  boolean isProcess(int fd);

  /**
   * Returns whether a descriptor that follows a process descriptor is the lifeline of that process.
   */
  default boolean isLifeline(int fd) {
    return false;
  }

  /** Returns an object for a received process, which owns the descriptors. */
  ProcessDescriptor received(int fd, OptionalInt lifeline);

  /**
   * Returns the process at the other end of a socket.
   *
   * @throws dev.procdesc.UnsupportedFeatureException if this system does not provide it
   */
  ProcessDescriptor peer(int socket) throws ProcessDescriptorException;

  /**
   * Returns the check for room at the other end, on a system where only MSG_EOR ends a record;
   * empty where each send is a record.
   */
  default Optional<SendRoom> recordRoom() {
    return Optional.empty();
  }
}
