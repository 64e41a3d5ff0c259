package dev.procdesc;

/** The kind of an open descriptor that refers to no process. */
public enum DescriptorKind {
  /** A regular file, or a memory file. */
  FILE("a file"),
  /** A directory. */
  DIRECTORY("a directory"),
  /** A socket. */
  SOCKET("a socket"),
  /** An end of a pipe, or a FIFO. */
  PIPE("a pipe"),
  /** A terminal. */
  TERMINAL("a terminal"),
  /** A device that is no terminal. */
  DEVICE("a device"),
  /** A pidfd of a single thread ({@code PIDFD_THREAD} on Linux). */
  THREAD("the pidfd of a single thread"),
  /** Any other kind, such as an eventfd or an epoll set. */
  OTHER("a descriptor of another kind");

  private final String description;

  DescriptorKind(String description) {
    this.description = description;
  }

  /**
   * Returns the name of the kind in messages.
   *
   * @return words with an article, such as {@code a pipe}
   */
  public String description() {
    return description;
  }
}
