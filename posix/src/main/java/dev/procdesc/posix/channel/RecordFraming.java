package dev.procdesc.posix.channel;

import dev.procdesc.RefusedMessageException.Reason;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.SystemNumbers;
import dev.procdesc.posix.io.BlockingDescriptor;
import dev.procdesc.posix.io.Deadline;
import dev.procdesc.posix.io.EventQueue;
import dev.procdesc.posix.io.OwnedDescriptor;
import dev.procdesc.posix.io.Watcher;
import java.io.EOFException;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Framing where a send with MSG_EOR ends a record, and the kernel may split the record anywhere:
 * FreeBSD from 15 on. One receive returns the available data up to the end of a record; one send
 * transfers as much as there is room for.
 *
 * <p>A receive therefore joins parts, and retains them when its deadline passes. A send first waits
 * until there is room for the whole record: no kernel splits it then, and a send that timed out has
 * sent nothing.
 *
 * <p>Rejected: starting to send immediately, and continuing without a time limit. A caller that
 * polls with a short timeout would wait for the receiver, which may be the same thread. Moreover,
 * if a full queue has room for the descriptors only, FreeBSD 15 accepts them and returns EAGAIN, so
 * that a second attempt sends them twice.
 */
final class RecordFraming extends MessageFraming {
  private final OwnedDescriptor sending;
  private final SendRoom room;
  private final Watcher watcher;
  private final PartialMessage partial = new PartialMessage();
  private @Nullable BlockingDescriptor queue;
  private boolean closed;

  /**
   * Creates the framing for a socket, whose two directions are locked by the reader and the writer.
   *
   * @param sending the descriptor of the writer
   */
  RecordFraming(
      BlockingDescriptor reader,
      BlockingDescriptor writer,
      OwnedDescriptor sending,
      SendRoom room,
      MessageCalls system,
      Watcher watcher) {
    super(reader, writer, system);
    this.sending = sending;
    this.room = room;
    this.watcher = watcher;
  }

  @Override
  boolean send(SocketMessage message, byte[] payload, List<Integer> descriptors, Deadline deadline)
      throws IOException {
    byte[] data = descriptors.isEmpty() ? payload : PartialMessage.pad(payload);
    if (!awaitRoom(data.length, descriptors.size(), deadline)) {
      return false;
    }
    message.fill(data, descriptors);
    long sent = transmit(message, deadline);
    if (sent < 0) {
      return false;
    }
    if (sent < data.length) {
      finish(message, (int) sent, data.length);
    }
    return true;
  }

  private boolean awaitRoom(int bytes, int descriptors, Deadline deadline) throws IOException {
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

  /**
   * Sends the rest of a record. There was room for the whole record, so another process sends over
   * the same end, or the kernel is short of memory. A record that has begun must end, because
   * everything that follows would be part of it: this has no time limit, and a failure closes the
   * channel.
   */
  private void finish(SocketMessage message, int begun, int length) throws IOException {
    boolean whole = false;
    try {
      int sent = begun;
      int last = begun;
      while (sent < length) {
        message.skip(last);
        last = (int) transmit(message, Deadline.NONE);
        sent += last;
      }
      whole = true;
    } finally {
      if (!whole) {
        reader.close();
        writer.close();
        close();
      }
    }
  }

  @Override
  Optional<ReceivedMessage> add(SocketMessage message, Receipt receipt) throws IOException {
    if (receipt.dropped()) {
      // The kernel has returned the data to the queue.
      partial.refuse(Reason.DESCRIPTORS_CUT_OFF, DROPPED);
      return Optional.empty();
    }
    return endsRecord(message, receipt.count()) ? Optional.of(partial.end()) : Optional.empty();
  }

  /** The length limit ends a record that is not refused yet; a refused one may be endless. */
  @Override
  boolean mayBeEndless() {
    return partial.isRefused();
  }

  /** Adds the received part; returns whether it ends the record. */
  private boolean endsRecord(SocketMessage message, int count) throws IOException {
    List<Integer> descriptors = message.descriptors();
    boolean cutOff = (message.flags() & numbers.msgCtrunc()) != 0;
    // An empty record cannot be sent, so a receive without any content is the end of file.
    if (count == 0 && !cutOff && !message.hasControl()) {
      partial.cutShort();
      throw new EOFException("the other end is closed");
    }
    partial.add(message.payload(count), descriptors);
    if (cutOff) {
      partial.refuse(Reason.DESCRIPTORS_CUT_OFF, cutOff(descriptors.size()));
    }
    return (message.flags() & numbers.msgEor().orElseThrow()) != 0;
  }

  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      if (queue != null) {
        queue.close();
      }
    }
    partial.close();
  }
}
