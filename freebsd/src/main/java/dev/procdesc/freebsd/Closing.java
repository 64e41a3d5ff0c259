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
  public void kill(int fd) {
    Calls.pdkill(fd, PosixNumbers.SIGKILL);
  }
}
