package dev.procdesc.linux;

import dev.procdesc.Feature;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.linux.kernel.Pidfd;
import dev.procdesc.linux.kernel.Probes;
import dev.procdesc.posix.channel.AttachmentCalls;
import dev.procdesc.posix.channel.DescriptorTransfer;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.io.Watcher;
import dev.procdesc.posix.probe.Unsupported;
import java.util.OptionalInt;

/**
 * Sends and receives descriptors over sockets. A pidfd is sent like any other descriptor. Linux
 * before CLONE_PIDFD_AUTOKILL does not kill at its last close; for this purpose a <i>lifeline</i>
 * is sent with it, the write end of a pipe that all holders share and whose read end is watched by
 * the guardian of the JVM that spawned the process; see {@link PidfdCloseAction} and guardian.c.
 */
final class PidfdTransfer extends ForeignPidfds implements DescriptorTransfer {
  private final Probes probes;

  PidfdTransfer(Probes probes, PidfdOperations looking, Watcher watcher) {
    super(probes, looking, watcher);
    this.probes = probes;
  }

  @Override
  public AttachmentCalls attachments() {
    return new FileCalls();
  }

  @Override
  public ProcessDescriptor peer(int socket) throws ProcessDescriptorException {
    if (!probes.peer().present()) {
      throw Unsupported.feature(Feature.PEER_DESCRIPTOR, probes.peer().lacks());
    }
    int fd = Pidfd.ofPeer(socket);
    if (fd < 0) {
      // Before 6.16 the error for a peer that was reaped is EINVAL.
      throw Errors.failed(
          "getsockopt(SO_PEERPIDFD)",
          "a socket",
          fd == -PosixNumbers.EINVAL ? -PosixNumbers.ESRCH : fd);
    }
    return received(fd, OptionalInt.empty());
  }
}
