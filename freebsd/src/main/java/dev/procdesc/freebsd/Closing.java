package dev.procdesc.freebsd;

import dev.procdesc.posix.LastClose;
import dev.procdesc.posix.PosixNumbers;

/**
 * What the last close of a child does here. The kernel kills at the close of the last descriptor,
 * also at the death of the JVM; this kills earlier, because the descriptor is kept until the status
 * is collected.
 */
final class Closing implements LastClose {
  @Override
  public boolean kill(int fd) {
    // The kernel's own kill, at the close, asks for no permission.
    return Calls.pdkill(fd, PosixNumbers.SIGKILL) != -PosixNumbers.EPERM;
  }
}
