package dev.procdesc.posix.channel;

import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.posix.process.ForeignProcesses;
import java.util.Optional;

/** The operations of a backend on descriptors that are transferred over sockets. */
public interface DescriptorTransfer extends ForeignProcesses {
  /**
   * Returns the process at the other end of a socket.
   *
   * @throws dev.procdesc.UnsupportedFeatureException if this system does not provide it
   */
  ProcessDescriptor peer(int socket) throws ProcessDescriptorException;

  /** Returns the calls on descriptors that are no process descriptors. */
  AttachmentCalls attachments();

  /**
   * Returns the check for room at the other end, on a system where only MSG_EOR ends a record and a
   * send may transfer a part; empty where each send is a record.
   */
  default Optional<SendRoom> recordRoom() {
    return Optional.empty();
  }
}
