package dev.procdesc;

/**
 * An ordinary descriptor that becomes readable at the end of a process, for the event loops of
 * other libraries: those that accept sockets only, or that know no process descriptors, such as one
 * that asks FreeBSD's kqueue for {@code EVFILT_READ}. It is an end of a socket pair, to which
 * nothing is ever written; the library closes the other end when the process has ended. Then poll
 * reports {@code POLLIN} and {@code POLLHUP}, and a read returns the end of file.
 *
 * <p>It becomes readable when {@link ProcessDescriptor#onExit()} completes: when the exit status is
 * available, and also when the {@link ProcessDescriptor} from which it was obtained is closed and
 * the process lives on, which is not observed any more. {@link ProcessDescriptor#poll()} returns
 * the status then, or throws {@link ClosedDescriptorException}.
 *
 * <p>This object owns the descriptor, and keeps its {@link ProcessDescriptor} reachable. One that
 * becomes unreachable is closed by the garbage collector.
 *
 * <p>Linux and FreeBSD: {@code socketpair(AF_UNIX, SOCK_STREAM)}. Until the process has ended it
 * takes two descriptors of this JVM, and no thread.
 */
public interface ExitDescriptor extends AutoCloseable {
  /**
   * Returns the number of the descriptor. This object owns it: the caller must not close it, nor
   * use it after {@link #close()}. It is close-on-exec and non-blocking.
   *
   * @return the descriptor number, not negative
   * @throws ClosedDescriptorException after {@link #close()} and after {@link #detach()}
   */
  int fd();

  /**
   * Gives the descriptor to the caller, who owns it from then on and closes it. It continues to
   * report the end of the process. This object is closed then, without a close of the descriptor. A
   * number keeps no process reachable: hold the {@link ProcessDescriptor}.
   *
   * @return the descriptor number, close-on-exec and non-blocking
   * @throws ClosedDescriptorException after {@link #close()} and after {@link #detach()}
   */
  int detach();

  /** Closes the descriptor. Does not affect the process. Closing it again has no effect. */
  @Override
  void close();
}
