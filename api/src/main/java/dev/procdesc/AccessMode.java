package dev.procdesc;

/**
 * The access for which a descriptor is open: the access mode of {@code open(2)}, which
 * {@code fcntl(F_GETFL)} returns.
 */
public enum AccessMode {
  /** Open for reading: {@code O_RDONLY}. */
  READ,

  /** Open for writing: {@code O_WRONLY}. */
  WRITE,

  /**
   * Open for both: {@code O_RDWR}. On FreeBSD both ends of a pipe are open for reading and writing.
   */
  READ_WRITE,

  /**
   * Open for neither, as with {@code O_PATH}, or not known, because the descriptor lacks the right
   * {@link FileRight#FLAGS} (FreeBSD).
   */
  NONE
}
