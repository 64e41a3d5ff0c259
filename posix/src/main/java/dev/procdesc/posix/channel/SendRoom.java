package dev.procdesc.posix.channel;

/**
 * How a system tells that there is room for a record at the other end of a socket. Room that was
 * there once stays, as long as nobody else sends over the same end.
 */
public interface SendRoom {
  /** A new event queue, close-on-exec, or {@code -errno}. */
  int queue();

  /**
   * Whether there is room, or nobody to receive; if not, the queue becomes readable when there is.
   *
   * @return 1, 0 or {@code -errno}
   */
  int has(int queue, int socket, int bytes, int descriptors);
}
