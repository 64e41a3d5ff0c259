package dev.procdesc;

/**
 * The separation of messages on a {@link DescriptorChannel}. Both ends must use the same framing.
 */
public enum Framing {
  /**
   * A message is a record of a {@code SOCK_SEQPACKET} socket. The default. Most other languages can
   * open such sockets; the JDK's channels, jnr-unixsocket and many daemons cannot.
   */
  RECORDS,

  /**
   * A message is a frame on a {@code SOCK_STREAM} socket: the length of the payload as four bytes,
   * the most significant first, and the payload. The descriptors travel with the first byte of the
   * frame.
   */
  LENGTH_PREFIX,

  /**
   * A message is one byte on a {@code SOCK_STREAM} socket, with its descriptors. This is how
   * programs pass a single descriptor that have no protocol for it, such as {@code send_fd} of many
   * C programs and Netty's epoll transport.
   *
   * <p>A Netty receiver takes one descriptor with each byte: its epoll transport (4.1 and 4.2)
   * reports neither if a message has two, and an error for a byte without a descriptor. A process
   * that is followed by a lifeline has two descriptors, so where {@link DeathGuard#GUARDIAN} kills,
   * only a process with {@link OnClose#RELEASE} can be sent to it.
   */
  SINGLE_BYTE;

  /**
   * Returns whether the socket is a {@code SOCK_STREAM}, and not a {@code SOCK_SEQPACKET}.
   *
   * @return false for {@link #RECORDS} only
   */
  public boolean isStream() {
    return this != RECORDS;
  }
}
