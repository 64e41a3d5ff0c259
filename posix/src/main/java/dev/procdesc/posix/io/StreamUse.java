package dev.procdesc.posix.io;

import java.util.concurrent.atomic.AtomicInteger;

/** The users of a pipe: any number of blocking transfers, or one stream. */
final class StreamUse {
  private static final int STREAM = -1;

  private final AtomicInteger users = new AtomicInteger();

  /**
   * Begins a blocking transfer.
   *
   * @throws IllegalStateException while a stream uses the pipe
   */
  void beginTransfer() {
    int before;
    do {
      before = users.get();
      if (before == STREAM) {
        throw new IllegalStateException(
            "the pipe is used by a Flow subscription, or is being given away");
      }
    } while (!users.compareAndSet(before, before + 1));
  }

  /** Ends a blocking transfer. */
  void endTransfer() {
    users.decrementAndGet();
  }

  /** Begins a stream; returns whether the pipe was unused. */
  boolean beginStream() {
    return users.compareAndSet(0, STREAM);
  }

  /** Ends a stream. */
  void endStream() {
    users.set(0);
  }
}
