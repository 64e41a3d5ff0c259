package dev.procdesc.posix.io;

import java.nio.channels.ClosedChannelException;

/**
 * A check for a pipe that no process has open at the other end, whose descriptor is then released.
 * It is made under the lock of the pipe: at once, or by the thread that holds the lock when it
 * unlocks.
 */
final class HangupCheck {
  private final PipeInputImpl pipe;
  private volatile boolean due;

  HangupCheck(PipeInputImpl pipe) {
    this.pipe = pipe;
  }

  /** Makes the check, or has the thread make it that holds the lock. */
  void request() {
    due = true;
    makeIfDue();
  }

  /** Makes a check that is due. Called after each unlock. */
  void makeIfDue() {
    BlockingDescriptor end = pipe.end();
    while (due && end.lock.tryLock()) {
      try {
        due = false;
        if (!end.isReleased() && end.isHungUp()) {
          pipe.drain();
        }
      } catch (ClosedChannelException e) {
        return; // Closed by another thread.
      } finally {
        end.lock.unlock();
      }
    }
  }
}
