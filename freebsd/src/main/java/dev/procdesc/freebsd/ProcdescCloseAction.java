package dev.procdesc.freebsd;

import dev.procdesc.freebsd.kernel.Syscalls;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.io.OwnedDescriptor;
import dev.procdesc.posix.process.CloseAction;
import java.util.Optional;

/**
 * The action of the last close of a child. The kernel kills at the close of the last descriptor,
 * including at the death of the JVM; this action kills earlier, because the descriptor is retained
 * until the exit status is collected. Once the descriptor was sent, other processes may hold it,
 * and only the kernel knows the last holder: then this action only closes the descriptor.
 *
 * <p>A group's {@link GroupKiller} holds the descriptor as well; in this case the group killer
 * kills after the last holder has closed the lifeline.
 */
final class ProcdescCloseAction implements CloseAction {
  private final ProcdescOperations waiting;

  /** The lifeline of the child's group, if the group is killed with the child. */
  private final Optional<OwnedDescriptor> lifeline;

  private boolean shared;

  ProcdescCloseAction(ProcdescOperations waiting, Optional<OwnedDescriptor> lifeline) {
    this.waiting = waiting;
    this.lifeline = lifeline;
  }

  /**
   * Shares the process. The kernel counts descriptors, including those in flight; only a lifeline
   * must be sent along.
   */
  @Override
  public synchronized Optional<OwnedDescriptor> share(OwnedDescriptor process) {
    shared = true;
    return lifeline;
  }

  private synchronized boolean isShared() {
    return shared;
  }

  @Override
  public boolean reachesOthers() {
    return lifeline.isPresent();
  }

  @Override
  public Effect kill(int fd) {
    if (isShared()) {
      return lifeline.isPresent() ? Effect.RELEASES_SHARE : Effect.CLOSES_DESCRIPTOR;
    }
    if (lifeline.isPresent()) {
      // Capability mode refuses this; the group killer then kills the group.
      waiting.signalGroup(fd, PosixNumbers.SIGKILL);
    }
    // The kernel's kill, at the close, requires no permission.
    return Syscalls.pdkill(fd, PosixNumbers.SIGKILL) == -PosixNumbers.EPERM
        ? Effect.CLOSES_DESCRIPTOR
        : Effect.ENDS_PROCESS;
  }

  @Override
  public void giveUp() {
    closeLifeline();
  }

  @Override
  public void done() {
    closeLifeline();
  }

  private void closeLifeline() {
    if (lifeline.isPresent()) {
      lifeline.get().close();
    }
  }
}
