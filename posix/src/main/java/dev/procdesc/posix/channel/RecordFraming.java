package dev.procdesc.posix.channel;

import dev.procdesc.ClosedDescriptorException;
import dev.procdesc.RefusedMessageException.Reason;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.PosixNumbers;
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
 * A record ends where a send says MSG_EOR, and the kernel may cut it anywhere else: FreeBSD from 15
 * on. A receive gives what is there up to such an end; a send puts in what there is room for.
 *
 * <p>So a receive joins parts, and keeps them when its time is over. A send waits until there is
 * room for all of it before it begins: then no kernel cuts it, and a send that was given up has
 * sent nothing. Rejected: to begin at once, and to go on for as long as it takes. A caller that
 * only wants to try would wait for a receiver that may be itself; and of a full queue that has room
 * for the descriptors alone, FreeBSD 15 takes them and says EAGAIN, so that another try sends them
 * twice.
 */
final class RecordFraming implements MessageFraming {
  private final BlockingDescriptor reader;
  private final BlockingDescriptor writer;
  private final OwnedDescriptor sending;
  private final SocketNumbers numbers;
  private final PosixNumbers posix;
  private final SendRoom room;
  private final MessageCalls system;
  private final MessageReceiver receiver;
  private final Watcher watcher;
  private final PartialMessage partial = new PartialMessage();
  private @Nullable BlockingDescriptor queue;
  private boolean closed;

  /**
   * For a socket whose lock is the reader's and the writer's.
   *
   * @param sending what the writer owns
   */
  RecordFraming(
      BlockingDescriptor reader,
      BlockingDescriptor writer,
      OwnedDescriptor sending,
      SocketNumbers numbers,
      PosixNumbers posix,
      SendRoom room,
      MessageCalls system,
      Watcher watcher) {
    this.reader = reader;
    this.writer = writer;
    this.sending = sending;
    this.numbers = numbers;
    this.posix = posix;
    this.room = room;
    this.system = system;
    this.receiver = new MessageReceiver(reader, numbers, system);
    this.watcher = watcher;
  }

  @Override
  public boolean send(
      SocketMessage message, byte[] payload, List<Integer> descriptors, Deadline deadline)
      throws IOException {
    byte[] data = descriptors.isEmpty() ? payload : PartialMessage.pad(payload);
    if (!awaitRoom(data.length, descriptors.size(), deadline)) {
      return false;
    }
    message.fill(data, descriptors);
    int flags = numbers.msgDontwait() | numbers.msgNosignal() | numbers.msgEor().orElseThrow();
    BlockingDescriptor.Transfer send = fd -> system.send(fd, message, flags);
    long sent = writer.transfer("sendmsg", send, deadline.left());
    if (sent < 0) {
      return false;
    }
    if (sent < data.length) {
      finish(message, (int) sent, data.length, send);
    }
    return true;
  }

  private boolean awaitRoom(int bytes, int descriptors, Deadline deadline) throws IOException {
    BlockingDescriptor waiting = queue();
    int socket;
    try {
      socket = sending.acquire();
    } catch (ClosedDescriptorException e) {
      throw (ClosedChannelException) new ClosedChannelException().initCause(e);
    }
    try {
      long there = waiting.transfer(
          "kevent",
          fd -> {
            int outcome = room.has(fd, socket, bytes, descriptors);
            return outcome == 0 ? -posix.eagain() : outcome;
          },
          deadline.left());
      return there >= 0;
    } finally {
      sending.release();
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
          OwnedDescriptor.take(fd, "the room of the channel"),
          EventQueue.Interest.READABLE,
          posix,
          watcher,
          "socket");
      queue = there;
    }
    return there;
  }

  /**
   * Sends the rest of a record. There was room for all of it, so somebody else sends over the same
   * end, or the kernel is short of memory. What has begun must end, or all that follows is part of
   * it: there is no limit of time, and after a failure no channel.
   */
  private void finish(
      SocketMessage message, int begun, int length, BlockingDescriptor.Transfer send)
      throws IOException {
    boolean whole = false;
    try {
      int sent = begun;
      int last = begun;
      while (sent < length) {
        message.skip(last);
        last = (int) writer.transfer("sendmsg", send);
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
  public Optional<ReceivedMessage> receive(SocketMessage message, Deadline deadline)
      throws IOException {
    while (true) {
      Optional<MessageReceiver.Receipt> receipt = receiver.receive(message, deadline);
      if (receipt.isEmpty()) {
        return Optional.empty();
      }
      if (receipt.get().dropped()) {
        // The kernel has put the data back.
        partial.refuse(Reason.DESCRIPTORS_CUT_OFF, MessageReceiver.DROPPED);
      } else if (add(message, receipt.get().count())) {
        return Optional.of(partial.end());
      }
      // One that is not refused yet ends soon, by its length; another may go on for ever.
      if (partial.isRefused() && deadline.isOver()) {
        return Optional.empty();
      }
    }
  }

  /** Adds what came; true if the record ends with it. */
  private boolean add(SocketMessage message, int count) throws IOException {
    List<Integer> descriptors = message.descriptors();
    boolean cutOff = (message.flags() & numbers.msgCtrunc()) != 0;
    // An empty record cannot be sent, so nothing at all is the end of everything.
    if (count == 0 && !cutOff && !message.hasControl()) {
      partial.cutShort();
      throw new EOFException("the other end is closed");
    }
    partial.add(message.payload(count), descriptors);
    if (cutOff) {
      partial.refuse(Reason.DESCRIPTORS_CUT_OFF, MessageReceiver.cutOff(descriptors.size()));
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
