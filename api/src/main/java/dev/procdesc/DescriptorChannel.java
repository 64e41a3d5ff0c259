package dev.procdesc;

import java.io.EOFException;
import java.io.IOException;
import java.nio.channels.InterruptibleChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * Sends and receives process descriptors: one end of a connected UNIX socket.
 *
 * <p><b>The wire.</b> The socket is {@code AF_UNIX, SOCK_SEQPACKET}; a message is one record. Its
 * data is the caller's payload and nothing else. Its descriptors are in one {@code SCM_RIGHTS}
 * control message, in the order of the call. Where the library and not the kernel kills at the last
 * close (Linux before 7.1; FreeBSD for {@link OnClose#KILL_GROUP}), a process with
 * {@link OnClose#KILL} and its kin is followed by its <i>lifeline</i>, the writing end of a pipe:
 * the process dies when nobody holds a writing end any more. A receiver in another language keeps
 * both and closes both; it never writes to the lifeline. An empty packet without descriptors means
 * nothing, and is skipped.
 *
 * <p><b>Since FreeBSD 15</b> a send is no record by itself. A sender in another language ends each
 * message with {@code MSG_EOR}, and a receiver reads until that flag comes; this one joins the
 * parts. A record has at least one byte there. So a message with descriptors whose payload is empty
 * or has NUL bytes only carries one more NUL, which the receiver takes away. And a message is sent
 * when the receiver's buffer ({@code SO_RCVBUF}) has room for all of it: one that can never hold it
 * is as good as full. The default of 64 KiB holds the longest.
 *
 * <p><b>What is received</b> is close-on-exec from the start. Whatever is no process descriptor
 * (nor a lifeline behind one) is closed and the message refused; so is one of which something was
 * cut off. Nothing of a refused message stays open, and the channel goes on.
 *
 * <p><b>Who holds it.</b> A sent descriptor is one more reference, also while it is on its way. A
 * process with {@link OnClose#KILL} dies when the last holder, here or there, has closed it or has
 * died, and not before; its death then comes a moment after that close. A received descriptor's
 * close does what the last close does, if it is the last. Its {@code waitFor} and {@code onExit}
 * tell what {@link Feature#STATUS_FOR_ANY_HOLDER} says.
 *
 * <p>A virtual thread that waits parks without holding its carrier. {@link #close()} from another
 * thread ends a wait with {@link java.nio.channels.AsynchronousCloseException}; an interrupt closes
 * the channel and ends it with {@link java.nio.channels.ClosedByInterruptException}, as for every
 * interruptible channel. Instances are safe for use by several threads: sends are serialized, and
 * so are receives.
 *
 * @see <a href="https://man7.org/linux/man-pages/man7/unix.7.html">unix(7), Linux</a>
 * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=unix&amp;sektion=4">unix(4), FreeBSD</a>
 */
public interface DescriptorChannel extends InterruptibleChannel, AutoCloseable {
  /** The longest payload, in bytes. */
  int MAX_PAYLOAD = 32 * 1024;

  /** The most descriptors in a message, lifelines included: {@code SCM_MAX_FD} of Linux. */
  int MAX_DESCRIPTORS = 253;

  /**
   * Two connected ends. One may be given to a child, at a number of the caller's choice:
   * {@code spawner.descriptor(5, Stdio.descriptor(pair.second().fd()))}; then close it here.
   *
   * @return both open
   * @throws ProcessDescriptorException EMFILE
   * @throws UnsupportedFeatureException without {@link Feature#DESCRIPTOR_CHANNEL}
   */
  static Pair pair() throws ProcessDescriptorException {
    return Platform.current().backend().channels().pair();
  }

  /**
   * Connects to a socket in the file system.
   *
   * @param path where somebody listens
   * @return connected
   * @throws ProcessDescriptorException ENOENT, EACCES, ECONNREFUSED if nobody listens, EAGAIN if
   *     too many wait to be accepted
   * @throws IllegalArgumentException if the path is too long for a socket's address: 107 bytes on
   *     Linux, 103 on FreeBSD
   * @throws UnsupportedFeatureException without {@link Feature#DESCRIPTOR_CHANNEL}
   */
  static DescriptorChannel connect(Path path) throws ProcessDescriptorException {
    return Platform.current().backend().channels().connect(Objects.requireNonNull(path, "path"));
  }

  /**
   * Listens on a socket in the file system. Whoever may write to it may connect, so its directory
   * should be the caller's own.
   *
   * @param path where nothing is yet
   * @return accepts connections
   * @throws ProcessDescriptorException EADDRINUSE if there is something, ENOENT, EACCES
   * @throws IllegalArgumentException if the path is too long for a socket's address
   * @throws UnsupportedFeatureException without {@link Feature#DESCRIPTOR_CHANNEL}
   */
  static Listener listen(Path path) throws ProcessDescriptorException {
    return Platform.current().backend().channels().listen(Objects.requireNonNull(path, "path"));
  }

  /**
   * Makes a channel of an open socket, such as one that this JVM was started with.
   *
   * @param fd the number of a connected {@code SOCK_SEQPACKET} socket of the UNIX domain; the
   *     channel owns it now, and makes it close-on-exec
   * @return the channel
   * @throws ProcessDescriptorException EBADF, ENOTSOCK; the descriptor stays the caller's
   * @throws IllegalArgumentException if it is another kind of socket; it stays the caller's
   * @throws UnsupportedFeatureException without {@link Feature#DESCRIPTOR_CHANNEL}
   */
  static DescriptorChannel of(int fd) throws ProcessDescriptorException {
    return Platform.current().backend().channels().of(fd);
  }

  /**
   * Sends a message; waits while the receiver's queue has no room for it.
   *
   * @param payload 0 to {@link #MAX_PAYLOAD} bytes; at least one if there is no descriptor
   * @param processes what to send; they stay open here
   * @throws ProcessDescriptorException EPIPE or ECONNRESET if the other end is closed, ETOOMANYREFS
   *     if too many descriptors are on their way
   * @throws IllegalArgumentException if the message is too big, or empty
   * @throws MissingRightException without {@link Right#SEND}
   * @throws UnsupportedFeatureException for a restricted descriptor, without
   *     {@link Feature#KERNEL_RIGHTS}: the receiver would have more rights than the sender
   * @throws ClosedDescriptorException if a process descriptor is closed
   * @throws java.nio.channels.ClosedChannelException if this channel is closed
   * @throws IOException as said above
   */
  void send(byte[] payload, ProcessDescriptor... processes) throws IOException;

  /**
   * Sends a message, within a time.
   *
   * @param timeout how long to wait for room; zero or less only tries
   * @param payload as {@link #send(byte[], ProcessDescriptor...)}
   * @param processes as {@link #send(byte[], ProcessDescriptor...)}
   * @return false if there was no room in that time; nothing was sent
   * @throws IOException as {@link #send(byte[], ProcessDescriptor...)}
   */
  boolean send(Duration timeout, byte[] payload, ProcessDescriptor... processes) throws IOException;

  /**
   * Waits for a message.
   *
   * @return its descriptors are the caller's to close
   * @throws EOFException when the other end is closed and everything was received; of a message
   *     that was half received, a {@link RefusedMessageException} tells before
   * @throws RefusedMessageException if the message was not what it should be; the next call goes on
   *     with the next one
   * @throws ProcessDescriptorException ECONNRESET if the other end was closed with messages unread
   * @throws java.nio.channels.ClosedChannelException if this channel is closed
   * @throws IOException as said above
   */
  Message receive() throws IOException;

  /**
   * Waits for a message, for a time.
   *
   * @param timeout how long; zero or less only looks
   * @return empty if none came; what came of one that is not complete is kept for the next call
   * @throws IOException as {@link #receive()}
   */
  Optional<Message> receive(Duration timeout) throws IOException;

  /**
   * The process at the other end, as the kernel knows it from the moment of the connection: the
   * safe way to a process that nobody sent a descriptor of. {@code SO_PEERPIDFD}, Linux 6.5. Of a
   * {@link #pair()} it is the one that made the pair, whoever has the other end now.
   *
   * @return a descriptor with every right; its close never kills
   * @throws ProcessDescriptorException ESRCH if it has ended and was reaped
   * @throws UnsupportedFeatureException without {@link Feature#PEER_DESCRIPTOR}
   * @throws IOException as said above, or if this channel is closed
   */
  ProcessDescriptor peer() throws IOException;

  /**
   * The number of the socket, close-on-exec, to give it to a child ({@link Stdio#descriptor}) or to
   * poll it. It stays this object's.
   *
   * @return not negative
   * @throws ClosedDescriptorException after {@link #close()}
   */
  int fd();

  /** Closes this end. Idempotent. What the other end has not received yet it still can. */
  @Override
  void close();

  /**
   * Two ends.
   *
   * @param first one
   * @param second the other
   */
  record Pair(DescriptorChannel first, DescriptorChannel second) implements AutoCloseable {
    /**
     * Checks for null.
     *
     * @param first one
     * @param second the other
     */
    public Pair {
      Objects.requireNonNull(first, "first");
      Objects.requireNonNull(second, "second");
    }

    /** Closes both. */
    @Override
    public void close() {
      first.close();
      second.close();
    }
  }

  /** A message. */
  final class Message implements AutoCloseable {
    private final byte[] payload;
    private final List<ProcessDescriptor> descriptors;

    /**
     * A message that came.
     *
     * @param payload the sender's bytes; not copied
     * @param descriptors what came with them
     */
    public Message(byte[] payload, List<ProcessDescriptor> descriptors) {
      this.payload = Objects.requireNonNull(payload, "payload");
      this.descriptors = List.copyOf(descriptors);
    }

    /**
     * The sender's bytes.
     *
     * @return always the same array
     */
    public byte[] payload() {
      return payload;
    }

    /**
     * The descriptors, in the order of the call that sent them.
     *
     * @return unmodifiable; each has every right
     */
    public List<ProcessDescriptor> descriptors() {
      return descriptors;
    }

    /** Closes all descriptors. */
    @Override
    public void close() {
      descriptors.forEach(ProcessDescriptor::close);
    }

    @Override
    public String toString() {
      return payload.length + " bytes and " + descriptors;
    }
  }

  /** Accepts connections. Threads and interrupts are as for the channel. */
  interface Listener extends InterruptibleChannel, AutoCloseable {
    /**
     * Waits for a connection.
     *
     * @return connected
     * @throws java.nio.channels.ClosedChannelException if this is closed
     * @throws IOException if the system refuses: EMFILE
     */
    DescriptorChannel accept() throws IOException;

    /**
     * Waits for a connection, for a time.
     *
     * @param timeout how long; zero or less only looks
     * @return empty if none came
     * @throws IOException as {@link #accept()}
     */
    Optional<DescriptorChannel> accept(Duration timeout) throws IOException;

    /** Ends listening and removes the socket from the file system. Idempotent. */
    @Override
    void close();
  }
}
