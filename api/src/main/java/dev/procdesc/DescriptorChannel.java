package dev.procdesc;

import dev.procdesc.spi.SystemPath;
import java.io.EOFException;
import java.io.IOException;
import java.nio.channels.InterruptibleChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * An end of a connected UNIX socket, which sends and receives process descriptors, and other
 * descriptors if both ends ask for it.
 *
 * <p><b>Wire format.</b> The socket is {@code AF_UNIX, SOCK_SEQPACKET}; a message is one record.
 * Its data is the caller's payload only. Its descriptors are in one {@code SCM_RIGHTS} control
 * message: first the attachments, then the processes, each in the order of the call. Where the
 * library and not the kernel kills at the last close ({@link DeathGuard#GUARDIAN}; FreeBSD for
 * {@link OnClose#KILL_GROUP}), a process with {@link OnClose#KILL} or one of its group variants is
 * followed by its <i>lifeline</i>, the write end of a pipe: the process dies when no write end is
 * open any more. A receiver in another language retains both and closes both; it never writes to
 * the lifeline. An empty packet without descriptors is ignored.
 *
 * <p><b>Attachments</b> are descriptors of anything but processes: files, directories, sockets,
 * memory files. A channel sends and accepts them with {@link ChannelOptions#attachments} only. All
 * attachments of a message precede its first process, so that a pipe that is attached is never
 * mistaken for a lifeline, which follows a process: a receiver takes every descriptor before the
 * first process for an attachment, and every pipe after it for the lifeline of the process before
 * it.
 *
 * <p><b>Streams.</b> With {@link Framing#LENGTH_PREFIX} the socket is a {@code SOCK_STREAM}, and a
 * message is a frame: the length of the payload as four bytes, the most significant first, and then
 * the payload. The {@code sendmsg} that sends the first byte of a frame sends all of its
 * descriptors; a receiver in another language reads the four bytes and the payload by their exact
 * lengths, and takes every descriptor that it gets meanwhile for one of this frame. A frame without
 * payload and descriptors is ignored. A length above {@link #MAX_PAYLOAD} is refused and closes the
 * channel, because such a peer does not speak this protocol. With {@link Framing#SINGLE_BYTE} there
 * is no length: each byte is a message.
 *
 * <p><b>FreeBSD 15 and later.</b> A send alone does not end a record. A sender in another language
 * ends each message with {@code MSG_EOR}, and a receiver reads until that flag arrives; this class
 * joins the parts. A record has at least one byte there. A message with descriptors whose payload
 * is empty or consists of NUL bytes therefore carries one additional NUL, which the receiver
 * removes. A message is sent when the receiver's buffer ({@code SO_RCVBUF}) has room for all of it;
 * a buffer that can never hold the message counts as full. The default of 64 KiB holds the longest
 * message.
 *
 * <p><b>Received descriptors</b> are close-on-exec from the start. Unless attachments are accepted,
 * a descriptor that is not a process descriptor (nor a lifeline after one) is closed and the
 * message refused; so is a message that was truncated. No descriptor of a refused message remains
 * open, and the channel remains usable.
 *
 * <p><b>Ownership.</b> A sent descriptor is one more reference, also while it is in transit. A
 * process with {@link OnClose#KILL} dies when its last holder, in any process, has closed it or has
 * died, and not before; it dies shortly after that close. Closing a received descriptor has the
 * effect of the last close if it is the last. {@link Feature#STATUS_FOR_ANY_HOLDER} determines the
 * status that its {@code waitFor} and {@code onExit} return.
 *
 * <p><b>Linux and FreeBSD.</b> A method that names no system does the same on both, with the same
 * errors.
 *
 * <p>A virtual thread that waits parks without pinning its carrier thread. {@link #close()} from
 * another thread ends a wait with {@link java.nio.channels.AsynchronousCloseException}; an
 * interrupt closes the channel and ends the wait with
 * {@link java.nio.channels.ClosedByInterruptException}, as for every interruptible channel.
 * Instances are safe for use by several threads: sends are serialized, and so are receives.
 *
 * @see <a href="https://man7.org/linux/man-pages/man7/unix.7.html">unix(7), Linux</a>
 * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=unix&amp;sektion=4">unix(4), FreeBSD</a>
 */
public interface DescriptorChannel extends InterruptibleChannel, AutoCloseable {
  /** The maximum length of a payload, in bytes. */
  int MAX_PAYLOAD = 32 * 1024;

  /**
   * The maximum number of descriptors in a message, including lifelines: {@code SCM_MAX_FD} of
   * Linux.
   */
  int MAX_DESCRIPTORS = 253;

  /**
   * Creates a connected pair of channels. One end may be given to a child, at a number of the
   * caller's choice: {@code spawner.descriptor(5, Stdio.descriptor(pair.second().fd()))}; close
   * that end in this JVM afterwards.
   *
   * @return two open ends
   * @throws ProcessDescriptorException EMFILE if this JVM has too many open descriptors
   * @throws UnsupportedFeatureException without {@link Feature#DESCRIPTOR_CHANNEL}
   */
  static Pair pair() throws ProcessDescriptorException {
    return pair(ChannelOptions.defaults());
  }

  /**
   * Creates a connected pair of channels with options.
   *
   * @param options the options of both ends
   * @return two open ends
   * @throws ProcessDescriptorException as {@link #pair()}
   * @throws UnsupportedFeatureException without {@link Feature#DESCRIPTOR_CHANNEL}
   */
  static Pair pair(ChannelOptions options) throws ProcessDescriptorException {
    return Platform.current().backend().channels().pair(Objects.requireNonNull(options, "options"));
  }

  /**
   * Connects to a socket in the file system.
   *
   * @param path the path of a socket with a listener
   * @return the connected channel
   * @throws ProcessDescriptorException ENOENT if the path does not exist; EACCES if this JVM may
   *     not access it; ECONNREFUSED if no process listens; EAGAIN on Linux and ECONNREFUSED on
   *     FreeBSD if too many connections wait to be accepted; on FreeBSD ECAPMODE in the
   *     descriptor-only mode, which permits this method on Linux
   * @throws IllegalArgumentException if the path is too long for a socket's address: 107 bytes on
   *     Linux, 103 on FreeBSD
   * @throws UnsupportedOperationException if the path is one of another file system
   * @throws UnsupportedFeatureException without {@link Feature#DESCRIPTOR_CHANNEL}
   */
  static DescriptorChannel connect(Path path) throws ProcessDescriptorException {
    return connect(path, ChannelOptions.defaults());
  }

  /**
   * Connects to a socket in the file system, with options.
   *
   * @param path the path of a socket with a listener
   * @param options the options of the channel
   * @return the connected channel
   * @throws ProcessDescriptorException as {@link #connect(Path)}; EPROTOTYPE if the listener's
   *     socket is of the other kind, {@code SOCK_STREAM} or {@code SOCK_SEQPACKET}
   * @throws IllegalArgumentException if the path is too long for a socket's address
   * @throws UnsupportedOperationException if the path is one of another file system
   * @throws UnsupportedFeatureException without {@link Feature#DESCRIPTOR_CHANNEL}
   */
  static DescriptorChannel connect(Path path, ChannelOptions options)
      throws ProcessDescriptorException {
    return Platform.current()
        .backend()
        .channels()
        .connect(SystemPath.check(path), Objects.requireNonNull(options, "options"));
  }

  /**
   * Creates a socket in the file system and listens on it. Every process with write permission to
   * the socket may connect, so its directory should be private to the caller. The file remains if
   * the listener becomes unreachable without having been closed.
   *
   * @param path a path that does not exist
   * @return the listener, which accepts connections
   * @throws ProcessDescriptorException EADDRINUSE if the path exists; ENOENT if its directory does
   *     not; EACCES if this JVM may not write to the directory; on FreeBSD ECAPMODE in the
   *     descriptor-only mode, which permits this method on Linux
   * @throws IllegalArgumentException if the path is too long for a socket's address, as for
   *     {@link #connect(Path)}
   * @throws UnsupportedOperationException if the path is one of another file system
   * @throws UnsupportedFeatureException without {@link Feature#DESCRIPTOR_CHANNEL}
   */
  static Listener listen(Path path) throws ProcessDescriptorException {
    return listen(path, ChannelOptions.defaults());
  }

  /**
   * Creates a socket in the file system and listens on it, with options. The same rules apply as
   * for {@link #listen(Path)}.
   *
   * @param path a path that does not exist
   * @param options the options of the accepted channels
   * @return the listener, which accepts connections
   * @throws ProcessDescriptorException as {@link #listen(Path)}
   * @throws IllegalArgumentException if the path is too long for a socket's address
   * @throws UnsupportedOperationException if the path is one of another file system
   * @throws UnsupportedFeatureException without {@link Feature#DESCRIPTOR_CHANNEL}
   */
  static Listener listen(Path path, ChannelOptions options) throws ProcessDescriptorException {
    return Platform.current()
        .backend()
        .channels()
        .listen(SystemPath.check(path), Objects.requireNonNull(options, "options"));
  }

  /**
   * Creates a channel of an open socket, such as one that this JVM was started with.
   *
   * @param fd the number of a connected {@code SOCK_SEQPACKET} socket of the UNIX domain; the
   *     channel takes ownership and makes it close-on-exec
   * @return the channel
   * @throws ProcessDescriptorException EBADF if the descriptor is not open, ENOTSOCK if it is not a
   *     socket, EMFILE if there are too many open descriptors; the caller retains ownership
   * @throws IllegalArgumentException if it is another kind of socket; the caller retains ownership
   * @throws IllegalStateException if an open object of this library owns the number already
   * @throws UnsupportedFeatureException without {@link Feature#DESCRIPTOR_CHANNEL}
   */
  static DescriptorChannel of(int fd) throws ProcessDescriptorException {
    return of(fd, ChannelOptions.defaults());
  }

  /**
   * Creates a channel of an open socket, with options.
   *
   * @param fd the number of a connected socket of the UNIX domain, {@code SOCK_STREAM} or
   *     {@code SOCK_SEQPACKET} according to the framing; the channel takes ownership and makes it
   *     close-on-exec
   * @param options the options of the channel
   * @return the channel
   * @throws ProcessDescriptorException EBADF if the descriptor is not open, ENOTSOCK if it is not a
   *     socket, EMFILE if there are too many open descriptors; the caller retains ownership
   * @throws IllegalArgumentException if it is another kind of socket, or one that listens; the
   *     caller retains ownership
   * @throws IllegalStateException if an open object of this library owns the number already
   * @throws UnsupportedFeatureException without {@link Feature#DESCRIPTOR_CHANNEL}
   */
  static DescriptorChannel of(int fd, ChannelOptions options) throws ProcessDescriptorException {
    return Platform.current()
        .backend()
        .channels()
        .of(fd, Objects.requireNonNull(options, "options"));
  }

  /**
   * Sends a message. Waits while the receiver's queue has no room for it.
   *
   * @param payload 0 to {@link #MAX_PAYLOAD} bytes; at least one if there is no descriptor
   * @param processes the descriptors to send, which remain open here
   * @throws ProcessDescriptorException EPIPE or ECONNRESET if the other end is closed; on Linux
   *     ETOOMANYREFS if more descriptors of its user are in transit than this JVM may have open
   * @throws IllegalArgumentException if the message is too big, or empty
   * @throws MissingRightException without {@link Right#SEND}
   * @throws UnsupportedFeatureException for a restricted descriptor, without
   *     {@link Feature#KERNEL_RIGHTS}: the receiver would have more rights than the sender
   * @throws ClosedDescriptorException if a process descriptor is closed
   * @throws java.nio.channels.ClosedChannelException if this channel is closed
   * @throws IOException for the other errors of the system
   */
  void send(byte[] payload, ProcessDescriptor... processes) throws IOException;

  /**
   * Sends a message, up to a timeout.
   *
   * <p>A message is sent when there is room for all of it. Only over a stream socket whose send
   * buffer ({@code SO_SNDBUF}) another program made smaller than the message, or over which another
   * process sends, may a frame have begun when the time is over; it is then finished, however long
   * that takes.
   *
   * @param timeout the maximum time to wait for room; zero or less does not wait
   * @param payload as {@link #send(byte[], ProcessDescriptor...)}
   * @param processes as {@link #send(byte[], ProcessDescriptor...)}
   * @return false if there was no room in that time; nothing was sent
   * @throws MissingRightException without {@link Right#SEND}
   * @throws IOException as {@link #send(byte[], ProcessDescriptor...)}, which also lists the
   *     unchecked exceptions
   */
  boolean send(Duration timeout, byte[] payload, ProcessDescriptor... processes) throws IOException;

  /**
   * Sends a message with attachments. Waits while the receiver's queue has no room for it.
   *
   * @param payload as {@link #send(byte[], ProcessDescriptor...)}
   * @param attachments the descriptors to send before those of the processes, which remain open
   *     here; the receiver must accept {@linkplain ChannelOptions#attachments attachments}, and
   *     refuses the message otherwise
   * @param processes as {@link #send(byte[], ProcessDescriptor...)}
   * @throws ProcessDescriptorException EBADF if a descriptor is not open, and as
   *     {@link #send(byte[], ProcessDescriptor...)}
   * @throws IllegalArgumentException if a descriptor is a process descriptor, which is sent as a
   *     process, or if the message is too big, or empty
   * @throws IllegalStateException if this channel was created without attachments
   * @throws UnsupportedFeatureException if rights are limited, without
   *     {@link Feature#KERNEL_RIGHTS}
   * @throws ClosedDescriptorException if an attachment is closed
   * @throws MissingRightException without {@link Right#SEND}
   * @throws IOException as {@link #send(byte[], ProcessDescriptor...)}
   */
  void send(byte[] payload, List<SentDescriptor> attachments, ProcessDescriptor... processes)
      throws IOException;

  /**
   * Sends a message with attachments, up to a timeout.
   *
   * @param timeout the maximum time to wait for room; zero or less does not wait
   * @param payload as {@link #send(byte[], ProcessDescriptor...)}
   * @param attachments as {@link #send(byte[], List, ProcessDescriptor...)}
   * @param processes as {@link #send(byte[], ProcessDescriptor...)}
   * @return false if there was no room in that time; nothing was sent
   * @throws MissingRightException without {@link Right#SEND}
   * @throws IOException as {@link #send(byte[], List, ProcessDescriptor...)}, which also lists the
   *     unchecked exceptions
   */
  boolean send(
      Duration timeout,
      byte[] payload,
      List<SentDescriptor> attachments,
      ProcessDescriptor... processes)
      throws IOException;

  /**
   * Waits for a message.
   *
   * @return the message; the caller must close its descriptors
   * @throws EOFException if the other end is closed and everything was received; a message that was
   *     received in part is reported as {@link RefusedMessageException} first
   * @throws RefusedMessageException if the message is malformed; the next call continues with the
   *     next message, unless the boundaries on a stream are lost, which closes the channel
   * @throws ProcessDescriptorException ECONNRESET on Linux if the other end was closed with
   *     messages unread
   * @throws java.nio.channels.ClosedChannelException if this channel is closed
   * @throws IOException for the other errors of the system
   */
  Message receive() throws IOException;

  /**
   * Waits for a message, up to a timeout.
   *
   * @param timeout the maximum time to wait; zero or less only polls
   * @return the message; empty if none arrived, and the parts of an incomplete one are retained for
   *     the next call
   * @throws IOException as {@link #receive()}
   */
  Optional<Message> receive(Duration timeout) throws IOException;

  /**
   * Opens the process at the other end, as the kernel recorded it at the moment of the connection.
   * This is the safe way to a process whose descriptor was not sent. For a {@link #pair()} it is
   * the process that created the pair, regardless of which process has the other end now.
   *
   * <p>Linux: {@code getsockopt(SO_PEERPIDFD)} (Linux 6.5). FreeBSD reports the process ID only, so
   * the feature is absent.
   *
   * @return a descriptor with every right; its close never kills
   * @throws ProcessDescriptorException ESRCH if the process has ended and was reaped
   * @throws java.nio.channels.ClosedChannelException if this channel is closed
   * @throws UnsupportedFeatureException without {@link Feature#PEER_DESCRIPTOR}
   * @throws IOException for the other errors of the system
   */
  ProcessDescriptor peer() throws IOException;

  /**
   * Returns the number of the socket, to give it to a child ({@link Stdio#descriptor}) or to poll
   * it. The socket is close-on-exec, and this object retains ownership: it closes the socket also
   * when it becomes unreachable.
   *
   * @return the descriptor number, not negative
   * @throws ClosedDescriptorException after {@link #close()}
   */
  int fd();

  /**
   * Closes this end. Closing it again has no effect. The other end can still receive messages that
   * it has not received yet.
   */
  @Override
  void close();

  /**
   * Two connected ends.
   *
   * @param first one end
   * @param second the other end
   */
  record Pair(DescriptorChannel first, DescriptorChannel second) implements AutoCloseable {
    /**
     * Checks for null.
     *
     * @param first see {@link #first()}
     * @param second see {@link #second()}
     */
    public Pair {
      Objects.requireNonNull(first, "first");
      Objects.requireNonNull(second, "second");
    }

    /** Closes both ends. */
    @Override
    public void close() {
      first.close();
      second.close();
    }
  }

  /** A received message. */
  final class Message implements AutoCloseable {
    private final byte[] payload;
    private final List<Attachment> attachments;
    private final List<ProcessDescriptor> descriptors;

    /**
     * Constructs a received message without attachments.
     *
     * @param payload the sender's bytes; not copied
     * @param descriptors the descriptors that came with them
     */
    public Message(byte[] payload, List<ProcessDescriptor> descriptors) {
      this(payload, List.of(), descriptors);
    }

    /**
     * Constructs a received message.
     *
     * @param payload the sender's bytes; not copied
     * @param attachments the other descriptors that came with them
     * @param descriptors the process descriptors that came with them
     */
    public Message(
        byte[] payload, List<Attachment> attachments, List<ProcessDescriptor> descriptors) {
      this.payload = Objects.requireNonNull(payload, "payload");
      this.attachments = List.copyOf(attachments);
      this.descriptors = List.copyOf(descriptors);
    }

    /**
     * Returns the sender's bytes.
     *
     * @return always the same array
     */
    public byte[] payload() {
      return payload;
    }

    /**
     * Returns the process descriptors, in the order of the call that sent them.
     *
     * @return an unmodifiable list; each descriptor has every right, except those that the sender
     *     gave up where the kernel enforces rights ({@link Feature#KERNEL_RIGHTS})
     */
    public List<ProcessDescriptor> descriptors() {
      return descriptors;
    }

    /**
     * Returns the other descriptors, in the order of the call that sent them.
     *
     * @return an unmodifiable list; empty unless the channel accepts
     *     {@linkplain ChannelOptions#attachments attachments}
     */
    public List<Attachment> attachments() {
      return attachments;
    }

    /**
     * Closes all descriptors, except the attachments that were {@linkplain Attachment#detach
     * detached}.
     */
    @Override
    public void close() {
      descriptors.forEach(ProcessDescriptor::close);
      attachments.forEach(Attachment::close);
    }

    @Override
    public String toString() {
      return payload.length
          + " bytes and "
          + descriptors
          + (attachments.isEmpty() ? "" : " and " + attachments);
    }
  }

  /** A listener that accepts connections. Threads and interrupts are handled as by the channel. */
  interface Listener extends InterruptibleChannel, AutoCloseable {
    /**
     * Waits for a connection.
     *
     * @return the connected channel
     * @throws java.nio.channels.ClosedChannelException if this listener is closed
     * @throws IOException if the system refuses, such as EMFILE
     */
    DescriptorChannel accept() throws IOException;

    /**
     * Waits for a connection, up to a timeout.
     *
     * @param timeout the maximum time to wait; zero or less only polls
     * @return the connected channel; empty if there was no connection
     * @throws IOException as {@link #accept()}
     */
    Optional<DescriptorChannel> accept(Duration timeout) throws IOException;

    /**
     * Stops listening and removes the socket from the file system. Closing the listener again has
     * no effect.
     *
     * @throws java.io.UncheckedIOException if the socket cannot be removed, as in the
     *     descriptor-only mode: on Linux with {@link DescriptorOnly#FILES}, on FreeBSD always
     */
    @Override
    void close();
  }
}
