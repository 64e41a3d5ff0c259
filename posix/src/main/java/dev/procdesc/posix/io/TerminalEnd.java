package dev.procdesc.posix.io;

/**
 * The end of the input from a terminal. The descriptor is closed when the end of file was read and
 * the child has ended, and not before: a child that has closed its terminal may still run, and the
 * last close of the master would hang it up, which kills most programs.
 */
final class TerminalEnd {
  private final OwnedDescriptor master;
  private boolean endOfFile;
  private boolean childEnded;

  TerminalEnd(OwnedDescriptor master) {
    this.master = master;
  }

  /** Notes that the end of file was read. */
  synchronized void reached() {
    endOfFile = true;
    closeIfDue();
  }

  /** Notes the end of the child. */
  synchronized void childEnded() {
    childEnded = true;
    closeIfDue();
  }

  private void closeIfDue() {
    if (endOfFile && childEnded) {
      master.closeEarly();
    }
  }

  /** Returns whether the end of file was read. */
  synchronized boolean isReached() {
    return endOfFile;
  }
}
