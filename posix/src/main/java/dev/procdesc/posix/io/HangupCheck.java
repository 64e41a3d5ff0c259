package dev.procdesc.posix.io;

import java.nio.channels.ClosedChannelException;

/**
 * A check for a pipe that no process has open at the other end, whose descriptor is then released.
 * It is made under the lock of the pipe: at once, or by the thread that holds the lock when it
 * unlocks.
 */
final class HangupCheck {
  /** The release of the descriptor, called with the lock held. */
  interface Release {
    /** Releases the descriptor. */
    void run() throws ClosedChannelException;
  }

  private final BlockingDescriptor end;
  private final Release release;
  private volatile boolean due;

  HangupCheck(BlockingDescriptor end, Release release) {
    this.end = end;
    this.release = release;
  }

  /** Makes the check, or has the thread make it that holds the lock. */
  void request() {
    due = true;
    makeIfDue();
  }

  /** Makes a check that is due. Called after each unlock. */
  void makeIfDue() {
    while (due && end.lock.tryLock()) {
      try {
        due = false;
        if (!end.isReleased() && end.isHungUp()) {
          release.run();
        }
      } catch (ClosedChannelException e) {
        return; // Closed by another thread.
      } finally {
        end.lock.unlock();
      }
    }
  }
}
