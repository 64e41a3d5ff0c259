package dev.procdesc.posix.io;

import java.io.IOException;
import java.util.function.LongConsumer;

/** The kernel's set of watched descriptors: epoll on Linux, kqueue on FreeBSD. Thread-safe. */
public interface EventQueue {
  /** What is awaited of a descriptor; each registration reports once. */
  enum Interest {
    /** The end of the process behind a process descriptor. */
    EXIT,
    /** The reaping of the process, by whoever's task that is. */
    REAPED,
    /** Data or end of file. */
    READABLE,
    /** Room, or no reader left. */
    WRITABLE
  }

  /**
   * Starts watching.
   *
   * @param token comes back with the event
   */
  void add(int fd, Interest interest, long token) throws IOException;

  /** Watches again a descriptor that has reported already. */
  void again(int fd, Interest interest, long token) throws IOException;

  /** Ends watching. Does nothing if the descriptor is not watched. */
  void remove(int fd, Interest interest);

  /**
   * Waits for events and passes their tokens on.
   *
   * @param timeoutMillis -1 for no limit
   */
  void await(int timeoutMillis, LongConsumer tokens);

  /** Makes {@link #await} return early, once. */
  void wake();
}
