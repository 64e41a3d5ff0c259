package dev.procdesc.posix.io;

import java.io.IOException;
import java.util.function.LongConsumer;

/** A kernel event queue: epoll on Linux, kqueue on FreeBSD. Thread-safe. */
public interface EventQueue {
  /** An event that a descriptor is watched for. */
  enum Interest {
    /**
     * The process of a process descriptor exits. The registration lasts until it is removed. On
     * Linux it reports again when the exit status may have become available: after a tracer or the
     * parent has reaped the process. It never reports because a process has exited before, as often
     * as the queue is asked, so that a wait for that status cannot spin.
     */
    EXIT,
    /** Data can be read, or the end of file is reached. The registration reports once. */
    READABLE,
    /** Data can be written, or no reader is left. The registration reports once. */
    WRITABLE,
    /**
     * The signal whose number is in place of the descriptor is sent to this process. It is reported
     * until the registration is removed, and by kqueue only.
     */
    SIGNAL
  }

  /**
   * Creates the kernel's queue. The other methods, except this and {@link #close}, are called
   * between these two only.
   *
   * @throws IOException if the system lacks the resources
   */
  void open() throws IOException;

  /** Closes the kernel's queue, in which nothing is watched. It can be opened again. */
  void close();

  /**
   * Starts to watch a descriptor.
   *
   * @param token identifies the registration; {@link #await} passes it on with the event
   * @throws IOException if the kernel rejects the registration
   */
  void add(int fd, Interest interest, long token) throws IOException;

  /**
   * Watches a descriptor again after a registration that reports once has done so.
   *
   * @throws IOException if the kernel rejects the registration
   */
  void again(int fd, Interest interest, long token) throws IOException;

  /** Stops watching a descriptor. Does nothing if it is not watched. */
  void remove(int fd, Interest interest);

  /**
   * Waits for events and passes their tokens on.
   *
   * @param timeoutMillis the time limit; -1 for none
   * @param tokens receives the token of each event
   */
  void await(int timeoutMillis, LongConsumer tokens);

  /** Makes one current or future call of {@link #await} return early. */
  void wake();
}
