package dev.procdesc.freebsd;

import dev.procdesc.posix.LastClose;
import dev.procdesc.posix.OwnedDescriptor;
import dev.procdesc.posix.PosixNumbers;
import java.util.Optional;

/**
 * What the last close of a child does here. The kernel kills at the close of the last descriptor,
 * also at the death of the JVM; this kills earlier, because the descriptor is kept until the status
 * is collected. Once the descriptor was sent, others may hold it, and only the kernel knows who is
 * the last: then a close is no more than that.
 */
final class Closing implements LastClose {
  private boolean shared;

  @Override
  public synchronized Effect effect() {
    return shared ? Effect.LETS_GO : Effect.ENDS;
  }

  /** The kernel counts descriptors, in flight too: nothing needs to travel with one. */
  @Override
  public synchronized Optional<OwnedDescriptor> share(OwnedDescriptor process) {
    shared = true;
    return Optional.empty();
  }

  @Override
  public boolean kill(int fd) {
    if (effect() == Effect.LETS_GO) {
      return true;
    }
    // The kernel's own kill, at the close, asks for no permission.
    return Calls.pdkill(fd, PosixNumbers.SIGKILL) != -PosixNumbers.EPERM;
  }
}
