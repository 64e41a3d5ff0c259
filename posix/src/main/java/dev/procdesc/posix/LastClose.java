package dev.procdesc.posix;

/**
 * What the last close of a child's descriptor does, and what follows when the child is gone too.
 */
public interface LastClose {
  /** Whether it reaches others than the child, so that it is due even if the child has ended. */
  default boolean reachesOthers() {
    return false;
  }

  /**
   * Kills. Called once, at the close.
   *
   * @return false if only the kernel may, and does when the descriptor is closed: the process
   *     became another user's. Its end is not seen then
   */
  boolean kill(int fd);

  /** The child has ended; its descriptor may still be held. Called once. */
  default void ended() {}

  /** The child has ended and its descriptor is closed. Called once. */
  default void done() {}
}
