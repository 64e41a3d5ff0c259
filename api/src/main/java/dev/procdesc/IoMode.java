package dev.procdesc;

/**
 * The mode of a descriptor that this library gives away: whether a read without data, or a write
 * without room, waits. The mode is {@code O_NONBLOCK} of the open file description, and so that of
 * every copy of the descriptor.
 */
public enum IoMode {
  /**
   * Reads and writes wait. Programs, streams of the JDK and junixsocket expect it; jnr-enxio sets
   * the mode that it needs itself.
   */
  BLOCKING,

  /** Reads and writes fail with EAGAIN instead of waiting. Netty's channels expect it. */
  NON_BLOCKING
}
