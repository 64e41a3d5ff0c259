package dev.procdesc.freebsd;

import dev.procdesc.Feature;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.freebsd.kernel.Probes;
import dev.procdesc.posix.channel.AttachmentCalls;
import dev.procdesc.posix.channel.DescriptorTransfer;
import dev.procdesc.posix.channel.SendRoom;
import dev.procdesc.posix.io.Watcher;
import dev.procdesc.posix.probe.Unsupported;
import java.util.Optional;

/**
 * Sends and receives descriptors over sockets. The task for which Linux needs a lifeline is done by
 * the kernel here: it counts the descriptors of a process in all processes, and their rights are
 * sent with them. A lifeline is sent along with the leader of a group that has a
 * {@link GroupKiller}.
 */
final class ProcdescTransfer extends ForeignProcdescs implements DescriptorTransfer {
  private final Probes probes;

  ProcdescTransfer(Probes probes, ProcdescOperations looking, Watcher watcher) {
    super(looking, watcher);
    this.probes = probes;
  }

  @Override
  public AttachmentCalls attachments() {
    return new FileCalls();
  }

  @Override
  public ProcessDescriptor peer(int socket) {
    throw Unsupported.feature(Feature.PEER_DESCRIPTOR, Probes.PEER_LACKS);
  }

  @Override
  public Optional<SendRoom> recordRoom() {
    return probes.recordsEndByFlag() ? Optional.of(new KqueueSendRoom()) : Optional.empty();
  }
}
