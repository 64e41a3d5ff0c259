package dev.procdesc.posix.channel;

import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.posix.ffi.PosixNumbers;
import java.util.Optional;

/** What a backend does with descriptors that come and go over sockets. */
public interface DescriptorTransfer {
  /** Whether a descriptor that came is a whole process's. */
  boolean isProcess(int fd);

  /** Whether a descriptor that came behind a process's is the lifeline of that process. */
  default boolean isLifeline(int fd) {
    return false;
  }

  /** The object for a process that came, which owns the descriptors. */
  ProcessDescriptor received(int fd, Optional<Integer> lifeline);

  /**
   * The process at the other end of a socket.
   *
   * @throws dev.procdesc.UnsupportedFeatureException if this system does not tell
   */
  ProcessDescriptor peer(int socket) throws ProcessDescriptorException;

  /**
   * Where a record ends with MSG_EOR only: how to tell that there is room for it. Empty where each
   * send is a record.
   */
  default Optional<SendRoom> recordRoom() {
    return Optional.empty();
  }

  /** The numbers of this system. */
  PosixNumbers numbers();

  /** The numbers of this system's sockets. */
  SocketNumbers sockets();
}
