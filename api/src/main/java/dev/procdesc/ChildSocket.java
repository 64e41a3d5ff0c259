package dev.procdesc;

import java.io.IOException;

/**
 * This JVM's end of a socket that is the input and the output of a child, requested by
 * {@link Stdio#socketPair()}: one descriptor for both directions, which channels of other libraries
 * can take over.
 *
 * <p>The directions are closed separately. The close of {@link #output()} ends the input of the
 * child, which reads the end of file, and leaves the other direction open
 * ({@code shutdown(SHUT_WR)}). The close of {@link #input()} makes later writes of the child fail
 * with EPIPE ({@code shutdown(SHUT_RD)}); up to FreeBSD 14 they fail once the other direction is
 * closed too. After the close of both, Linux reports ECONNRESET instead, once, if bytes from the
 * child were not read. {@link ChildProcess#close()} closes both, except for
 * {@link OnClose#RELEASE}.
 *
 * <p>The child has one socket under each number that was requested. Its output ends when it has
 * closed all of them, has shut the direction down, or has exited; a close of standard output alone
 * does not show. The socket has no name: a child cannot open {@code /dev/stdin} or
 * {@code /dev/stdout} anew where that opens a file by name, as on Linux.
 *
 * <p>Linux: {@code socketpair(AF_UNIX, SOCK_STREAM)}, and writes by {@code sendto} with
 * {@code MSG_NOSIGNAL}, so that none sends {@code SIGPIPE}. FreeBSD: the same.
 *
 * @see <a href="https://man7.org/linux/man-pages/man7/unix.7.html">unix(7), Linux</a>
 * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=unix&amp;sektion=4">unix(4), FreeBSD</a>
 */
public interface ChildSocket extends AutoCloseable {
  /**
   * Returns the stream of what the child writes.
   *
   * @return the same object at every call
   */
  PipeInput input();

  /**
   * Returns the stream to the child. Its close is the end of file of the child's input.
   *
   * @return the same object at every call
   */
  PipeOutput output();

  /**
   * Returns the number of the descriptor, for the caller's own poll, epoll or kqueue. It is that of
   * {@link PipeInput#fd()} of {@link #input()}, to which the rules there apply; also for writing,
   * because both directions are of one socket. Once the input is closed, or was at its end of file
   * before the first call, it is that of {@link #output()}.
   *
   * @return the descriptor number, not negative
   * @throws ClosedDescriptorException if both directions are closed
   */
  int fd();

  /**
   * Gives the descriptor to the caller, in blocking mode, as {@link #detach(IoMode)}.
   *
   * @return the descriptor number, which the caller closes
   * @throws java.nio.channels.ClosedChannelException if both directions are closed
   * @throws IOException EMFILE, as {@link #detach(IoMode)}
   * @throws IllegalStateException as {@link #detach(IoMode)}
   */
  default int detach() throws IOException {
    return detach(IoMode.BLOCKING);
  }

  /**
   * Gives the one descriptor of the socket to the caller, such as a channel of Netty, junixsocket
   * or jnr-enxio, which owns it from then on and closes it. This object and its streams are closed
   * then, and no direction ends by that. The descriptor remains close-on-exec. A number keeps no
   * child reachable: hold the {@link ChildProcess} as long as the child is to live.
   *
   * <p>A direction that was closed before remains so. A socket whose other end is closed, so that
   * its own descriptor may be closed already, gives that of another such socket.
   *
   * @param mode the mode of the descriptor from now on
   * @return the descriptor number, which the caller closes
   * @throws java.nio.channels.ClosedChannelException if both directions are closed
   * @throws IOException EMFILE for a socket whose other end is closed, if this JVM has too many
   *     open descriptors
   * @throws IllegalStateException while a thread or a subscription uses a direction, or if bytes
   *     were read ahead and not returned; this socket remains as it was
   */
  int detach(IoMode mode) throws IOException;

  /** Closes both directions. Closing them again has no effect. */
  @Override
  void close();
}
