package dev.procdesc.posix.channel;

import dev.procdesc.Attachment;
import dev.procdesc.ChannelOptions;
import dev.procdesc.DescriptorChannel;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.RefusedMessageException;
import dev.procdesc.RefusedMessageException.Reason;
import dev.procdesc.SentDescriptor;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.ffi.SocketNumbers;
import dev.procdesc.posix.ffi.SystemNumbers;
import dev.procdesc.posix.io.BlockingDescriptor;
import dev.procdesc.posix.io.Deadline;
import dev.procdesc.posix.io.EventQueue;
import dev.procdesc.posix.io.OwnedDescriptor;
import dev.procdesc.posix.io.Unreachable;
import dev.procdesc.posix.io.Watcher;
import dev.procdesc.posix.process.ProcessDescriptorImpl;
import dev.procdesc.posix.process.ProcessReference;
import dev.procdesc.posix.recording.Recorder;
import java.io.IOException;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A channel over a socket. The socket is in blocking mode, because a child that inherits it shares
 * its mode, which the other end does not; each call uses MSG_DONTWAIT instead.
 *
 * <p>Messages are sent through a second descriptor of the same socket: an event queue watches a
 * descriptor for one event only, and one thread may wait to send while another waits to receive.
 */
final class SocketChannel implements DescriptorChannel {
  /** The name of the descriptors in messages. */
  static final String WHAT = "the channel";

  private final OwnedDescriptor socket;
  private final BlockingDescriptor reader;
  private final BlockingDescriptor writer;
  private final DescriptorTransfer calls;
  private final Attachments attachments;
  private final boolean mayHaveAttachments;
  private final MessageFraming records;

  /** Closes the descriptors, also when this object is unreachable. */
  private final Cleaner.Cleanable closing;

  private SocketChannel(
      OwnedDescriptor socket,
      OwnedDescriptor second,
      ChannelOptions options,
      DescriptorTransfer calls,
      Watcher watcher) {
    this.socket = socket;
    this.calls = calls;
    this.attachments = new Attachments(calls);
    this.mayHaveAttachments = options.attachments();
    this.reader = new BlockingDescriptor(socket, EventQueue.Interest.READABLE, watcher, "socket");
    this.writer = new BlockingDescriptor(second, EventQueue.Interest.WRITABLE, watcher, "socket");
    this.records =
        framing(options, calls.recordRoom().map(room -> new RoomWait(second, room, watcher)));
    this.closing = Unreachable.register(this, new Closing(reader, writer, records));
  }

  private MessageFraming framing(ChannelOptions options, Optional<RoomWait> room) {
    MessageCalls system = MessageCalls.SYSTEM;
    if (options.framing().isStream()) {
      return new StreamFraming(reader, writer, room, system, options.framing());
    }
    return room.isPresent()
        ? new RecordFraming(reader, writer, room.get(), system)
        : new PacketFraming(reader, writer, system);
  }

  /** The close of a channel, which does not refer to the channel. */
  private record Closing(
      BlockingDescriptor reader, BlockingDescriptor writer, MessageFraming records)
      implements Runnable {
    @Override
    public void run() {
      reader.close();
      writer.close();
      records.close();
    }
  }

  /** Takes ownership of a connected socket, which is closed on failure. */
  static SocketChannel take(
      int fd, ChannelOptions options, DescriptorTransfer calls, Watcher watcher)
      throws ProcessDescriptorException {
    OwnedDescriptor socket = OwnedDescriptor.take(fd, WHAT);
    try {
      return of(socket, options, calls, watcher);
    } catch (ProcessDescriptorException e) {
      socket.close();
      throw e;
    }
  }

  /** Returns a channel that owns a connected socket, which remains the caller's on failure. */
  static SocketChannel of(
      OwnedDescriptor socket, ChannelOptions options, DescriptorTransfer calls, Watcher watcher)
      throws ProcessDescriptorException {
    int fd = socket.number();
    int second = LibC.fcntl(fd, SystemNumbers.posix().fDupfdCloexec(), 0);
    if (second < 0) {
      throw Errors.failed("fcntl(F_DUPFD_CLOEXEC)", "a socket", second);
    }
    widen(fd);
    return new SocketChannel(socket, OwnedDescriptor.take(second, WHAT), options, calls, watcher);
  }

  /**
   * Enlarges the buffers for the longest payload. If the system limits them, the send of such a
   * payload fails with an error.
   */
  private static void widen(int fd) {
    SocketNumbers numbers = SystemNumbers.sockets();
    numbers.bufferSize().ifPresent(size -> {
      try (NativeMemory memory = NativeMemory.borrow()) {
        memory.bytes().putInt(0, size);
        for (int option : new int[] {numbers.soSndbuf(), numbers.soRcvbuf()}) {
          Sockets.setsockopt(fd, numbers.solSocket(), option, memory.address(), Integer.BYTES);
        }
      }
    });
  }

  @Override
  public void send(byte[] payload, ProcessDescriptor... processes) throws IOException {
    send(Deadline.NONE, payload, List.of(), processes);
  }

  @Override
  public boolean send(Duration timeout, byte[] payload, ProcessDescriptor... processes)
      throws IOException {
    return send(Deadline.in(timeout), payload, List.of(), processes);
  }

  @Override
  public void send(byte[] payload, List<SentDescriptor> others, ProcessDescriptor... processes)
      throws IOException {
    send(Deadline.NONE, payload, others, processes);
  }

  @Override
  public boolean send(
      Duration timeout, byte[] payload, List<SentDescriptor> others, ProcessDescriptor... processes)
      throws IOException {
    return send(Deadline.in(timeout), payload, others, processes);
  }

  private boolean send(
      Deadline deadline,
      byte[] payload,
      List<SentDescriptor> others,
      ProcessDescriptor... processes)
      throws IOException {
    if (!others.isEmpty() && !mayHaveAttachments) {
      throw new IllegalStateException(
          "this channel was created without ChannelOptions.attachments(true)");
    }
    if (payload.length > MAX_PAYLOAD) {
      throw new IllegalArgumentException(
          "a payload is at most " + MAX_PAYLOAD + " bytes long: " + payload.length);
    }
    if (payload.length == 0 && processes.length == 0 && others.isEmpty()) {
      throw new IllegalArgumentException(
          "an empty message cannot be distinguished from the end of file");
    }
    records.check(payload);
    List<ProcessDescriptorImpl> held = new ArrayList<>();
    for (ProcessDescriptor process : processes) {
      held.add(ProcessDescriptorImpl.of(process));
    }
    if (!isOpen()) {
      throw new ClosedChannelException();
    }
    Recorder recorder = Recorder.find();
    Recorder.Transfer recording = recorder == null ? null : recorder.beginSend();
    List<Attachments.Lent> lent = new ArrayList<>();
    List<ProcessReference.Loan> loans = new ArrayList<>();
    try {
      List<Integer> descriptors = new ArrayList<>();
      for (SentDescriptor other : others) {
        Attachments.Lent number = attachments.lend(other);
        lent.add(number);
        descriptors.add(number.fd());
      }
      for (ProcessDescriptorImpl process : held) {
        ProcessReference.Loan loan = process.lend();
        loans.add(loan);
        descriptors.add(loan.process().fd());
        loan.lifeline().ifPresent(lifeline -> descriptors.add(lifeline.fd()));
      }
      if (descriptors.size() > MAX_DESCRIPTORS) {
        throw new IllegalArgumentException("a message has at most " + MAX_DESCRIPTORS
            + " descriptors, lifelines included: " + descriptors.size());
      }
      boolean sent = transmit(deadline, payload, descriptors);
      if (sent && recording != null) {
        recording.succeeded(payload.length, others.size() + held.size());
      }
      return sent;
    } finally {
      lent.forEach(Attachments.Lent::close);
      loans.forEach(ProcessReference.Loan::close);
    }
  }

  private boolean transmit(Deadline deadline, byte[] payload, List<Integer> descriptors)
      throws IOException {
    try {
      return transmitInTime(deadline, payload, descriptors);
    } catch (ClosedByInterruptException e) {
      close(); // The other direction too.
      throw e;
    }
  }

  private boolean transmitInTime(Deadline deadline, byte[] payload, List<Integer> descriptors)
      throws IOException {
    if (!writer.enter(deadline)) {
      return false;
    }
    try (SocketMessage message = new SocketMessage(SystemNumbers.sockets())) {
      return records.send(message, payload, descriptors, deadline);
    } finally {
      writer.lock.unlock();
      Reference.reachabilityFence(this);
    }
  }

  @Override
  public Message receive() throws IOException {
    return receive(Deadline.NONE).orElseThrow();
  }

  @Override
  public Optional<Message> receive(Duration timeout) throws IOException {
    return receive(Deadline.in(timeout));
  }

  private Optional<Message> receive(Deadline deadline) throws IOException {
    Recorder recorder = Recorder.find();
    Recorder.Transfer recording = recorder == null ? null : recorder.beginReceive();
    try {
      Optional<Message> message = receiveInTime(deadline);
      if (recording != null && message.isPresent()) {
        Message arrived = message.get();
        recording.succeeded(
            arrived.payload().length,
            arrived.attachments().size() + arrived.descriptors().size());
      }
      return message;
    } catch (ClosedByInterruptException e) {
      close(); // The other direction too.
      throw e;
    }
  }

  private Optional<Message> receiveInTime(Deadline deadline) throws IOException {
    if (!reader.enter(deadline)) {
      return Optional.empty();
    }
    try (SocketMessage message = new SocketMessage(SystemNumbers.sockets())) {
      Optional<ReceivedMessage> arrived = records.receive(message, deadline);
      return arrived.isPresent() ? Optional.of(accept(arrived.get())) : Optional.empty();
    } finally {
      reader.lock.unlock();
      Reference.reachabilityFence(this);
    }
  }

  /** Converts a received message, or closes all of its descriptors. */
  private Message accept(ReceivedMessage arrived) throws RefusedMessageException {
    List<Integer> descriptors = arrived.descriptors();
    List<Attachment> others = new ArrayList<>();
    List<ProcessDescriptor> processes = new ArrayList<>();
    int taken = 0;
    boolean accepted = false;
    try {
      while (mayHaveAttachments
          && taken < descriptors.size()
          && !calls.isProcess(descriptors.get(taken))) {
        others.add(attachments.take(descriptors.get(taken)));
        taken++;
      }
      while (taken < descriptors.size()) {
        int fd = descriptors.get(taken);
        if (!calls.isProcess(fd)) {
          throw new RefusedMessageException(
              Reason.NO_PROCESS,
              "descriptor " + (taken + 1) + " of " + descriptors.size()
                  + " is no process descriptor"
                  + (mayHaveAttachments
                      ? ", and attachments precede the processes"
                      : "; other descriptors need ChannelOptions.attachments(true)"));
        }
        OptionalInt lifeline = OptionalInt.empty();
        if (taken + 1 < descriptors.size() && calls.isLifeline(descriptors.get(taken + 1))) {
          lifeline = OptionalInt.of(descriptors.get(taken + 1));
        }
        taken += lifeline.isPresent() ? 2 : 1;
        processes.add(calls.received(fd, lifeline));
      }
      Message complete = new Message(arrived.payload(), others, processes);
      accepted = true;
      return complete;
    } finally {
      if (!accepted) {
        others.forEach(Attachment::close);
        processes.forEach(ProcessDescriptor::close);
        descriptors.subList(taken, descriptors.size()).forEach(LibC::close);
      }
    }
  }

  @Override
  public ProcessDescriptor peer() throws IOException {
    try (OwnedDescriptor.Loan loan = socket.lendToChannel()) {
      return calls.peer(loan.fd());
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  @Override
  public int fd() {
    return socket.number();
  }

  @Override
  public boolean isOpen() {
    return !socket.isClosed();
  }

  @Override
  public void close() {
    closing.clean();
  }

  @Override
  public String toString() {
    return socket.toString();
  }
}
