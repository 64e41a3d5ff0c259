package dev.procdesc.freebsd;

import dev.procdesc.freebsd.kernel.Syscalls;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.io.OwnedDescriptor;
import dev.procdesc.posix.process.CloseAction;
import java.util.Optional;

/**
 * What the last close of a child does here. The kernel kills at the close of the last descriptor,
 * also at the death of the JVM; this kills earlier, because the descriptor is kept until the status
 * is collected. Once the descriptor was sent, others may hold it, and only the kernel knows who is
 * the last: then a close is no more than that.
 *
 * <p>A group's {@link GroupKiller} holds the descriptor as well; there the last is who closes the
 * lifeline last, and the group killer kills.
 */
final class ProcdescCloseAction implements CloseAction {
  private final ProcdescOperations waiting;

  /** Of the child's group, if that ends with it. */
  private final Optional<OwnedDescriptor> lifeline;

  private boolean shared;

  ProcdescCloseAction(ProcdescOperations waiting, Optional<OwnedDescriptor> lifeline) {
    this.waiting = waiting;
    this.lifeline = lifeline;
  }

  @Override
  public synchronized Effect effect() {
    if (!shared) {
      return Effect.ENDS_PROCESS;
    }
    return lifeline.isPresent() ? Effect.RELEASES_SHARE : Effect.CLOSES_DESCRIPTOR;
  }

  /** The kernel counts descriptors, in flight too; only a lifeline needs to travel with one. */
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
  public boolean kill(int fd) {
    if (isShared()) {
      lifeline.ifPresent(OwnedDescriptor::close);
      return true;
    }
    if (lifeline.isPresent()) {
      // Refused in capability mode, and then the group killer's to do.
      waiting.signalGroup(fd, PosixNumbers.SIGKILL);
    }
    // The kernel's own kill, at the close, asks for no permission.
    return Syscalls.pdkill(fd, PosixNumbers.SIGKILL) != -PosixNumbers.EPERM;
  }

  @Override
  public void done() {
    lifeline.ifPresent(OwnedDescriptor::close);
  }
}
