package dev.procdesc.posix.channel;

/**
 * Waits for room for a record at the other end of a socket. Room that was available remains
 * available, as long as no other thread or process sends over the same end.
 */
public interface SendRoom {
  /** Returns the descriptor of a new event queue, close-on-exec, or {@code -errno}. */
  int queue();

  /**
   * Checks for room. If there is none, the queue becomes readable as soon as there is.
   *
   * @return 1 if there is room or no receiver, 0 if there is no room, or {@code -errno}
   */
  int has(int queue, int socket, int bytes, int descriptors);
}
