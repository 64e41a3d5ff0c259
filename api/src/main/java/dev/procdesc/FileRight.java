package dev.procdesc;

/**
 * A permission of the holder of an {@link Attachment}: one of the kernel's rights of a descriptor.
 *
 * <p>FreeBSD enforces rights in every system call, and they travel with the descriptor
 * ({@link Feature#KERNEL_RIGHTS}). A right that was given up cannot be regained. Linux has no such
 * rights. The enum has the rights that are common for files, directories and sockets; a descriptor
 * may have others.
 *
 * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=rights&amp;sektion=4">rights(4),
 *     FreeBSD</a>
 */
public enum FileRight {
  /** Permission to read and to receive: {@code CAP_READ}. */
  READ,

  /** Permission to write and to send: {@code CAP_WRITE}. */
  WRITE,

  /** Permission to seek, which reading at an offset also needs: {@code CAP_SEEK}. */
  SEEK,

  /**
   * Permission to map into memory: {@code CAP_MMAP}. A mapping also needs {@link #SEEK}, and
   * {@link #READ} or {@link #WRITE} according to its protection.
   */
  MAP,

  /** Permission to change the length: {@code CAP_FTRUNCATE}. */
  TRUNCATE,

  /** Permission to flush to the disk: {@code CAP_FSYNC}. */
  SYNC,

  /** Permission to lock: {@code CAP_FLOCK}. */
  LOCK,

  /**
   * Permission to query the status: {@code CAP_FSTAT}. Without it a receiver gets
   * {@link DescriptorType.Other}, and {@code FileInputStream} of the JDK cannot read the file.
   */
  STATUS,

  /** Permission to query and set the file status flags: {@code CAP_FCNTL}. */
  FLAGS,

  /** Permission to open files below a directory: {@code CAP_LOOKUP}, with {@link #READ}. */
  LOOKUP,

  /** Permission to create files below a directory: {@code CAP_CREATE}, with {@link #LOOKUP}. */
  CREATE,

  /** Permission to execute a file: {@code CAP_FEXECVE}. */
  EXECUTE,

  /** Permission to accept connections of a listening socket: {@code CAP_ACCEPT}. */
  ACCEPT,

  /**
   * Permission to query and set the options of a socket: {@code CAP_GETSOCKOPT} and
   * {@code CAP_SETSOCKOPT}. Without it a receiver gets {@link DescriptorType.Other}.
   */
  SOCKET_OPTIONS,

  /** Permission to wait for events, by poll or kqueue: {@code CAP_EVENT}. */
  EVENT
}
