package dev.procdesc.posix.channel;

import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.SystemNumbers;
import dev.procdesc.posix.io.BlockingDescriptor;
import dev.procdesc.posix.io.Deadline;
import dev.procdesc.posix.io.EventQueue;
import dev.procdesc.posix.io.OwnedDescriptor;
import dev.procdesc.posix.io.Watcher;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import org.jspecify.annotations.Nullable;

/**
 * Waits until there is room for a whole message at the other end, by an event queue of the channel.
 * Called with the lock of the writer held; another thread may close it.
 */
final class RoomWait implements AutoCloseable {
  private final OwnedDescriptor sending;
  private final SendRoom room;
  private final Watcher watcher;
  private @Nullable BlockingDescriptor queue;
  private boolean closed;

  /**
   * Creates the wait of a channel.
   *
   * @param sending the descriptor of the writer
   */
  RoomWait(OwnedDescriptor sending, SendRoom room, Watcher watcher) {
    this.sending = sending;
    this.room = room;
    this.watcher = watcher;
  }

  /** Returns whether there was room before the deadline. */
  boolean await(int bytes, int descriptors, Deadline deadline) throws IOException {
    BlockingDescriptor waiting = queue();
    try (OwnedDescriptor.Loan socket = sending.lendToChannel()) {
      long there = waiting.transfer(
          "kevent",
          fd -> {
            int outcome = room.has(fd, socket.fd(), bytes, descriptors);
            return outcome == 0 ? -SystemNumbers.posix().eagain() : outcome;
          },
          deadline);
      return there >= 0;
    }
  }

  private synchronized BlockingDescriptor queue() throws IOException {
    if (closed) {
      throw new ClosedChannelException();
    }
    BlockingDescriptor there = queue;
    if (there == null) {
      int fd = room.queue();
      if (fd < 0) {
        throw Errors.failed("kqueue", "a socket", fd);
      }
      there = new BlockingDescriptor(
          OwnedDescriptor.take(fd, "the send queue of the channel"),
          EventQueue.Interest.READABLE,
          watcher,
          "socket");
      queue = there;
    }
    return there;
  }

  @Override
  public synchronized void close() {
    closed = true;
    if (queue != null) {
      queue.close();
    }
  }
}
