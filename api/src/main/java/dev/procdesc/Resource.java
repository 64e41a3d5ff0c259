package dev.procdesc;

/**
 * A resource that {@link Spawner#limit(Resource, Limit)} can limit.
 *
 * @see <a href="https://man7.org/linux/man-pages/man2/setrlimit.2.html">setrlimit(2), Linux</a>
 * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=setrlimit&amp;sektion=2">setrlimit(2),
 *     FreeBSD</a>
 */
public enum Resource {
  /** {@code RLIMIT_CPU}: CPU time, seconds. */
  CPU_SECONDS,
  /** {@code RLIMIT_FSIZE}: the largest file that may be written, bytes. */
  FILE_SIZE,
  /** {@code RLIMIT_DATA}: the data segment, bytes. */
  DATA,
  /** {@code RLIMIT_STACK}: the main thread's stack, bytes. */
  STACK,
  /** {@code RLIMIT_CORE}: the largest core image, bytes. */
  CORE,
  /** {@code RLIMIT_AS}: the address space, bytes. */
  ADDRESS_SPACE,
  /** {@code RLIMIT_NOFILE}: open descriptors, one more than the largest number. */
  OPEN_FILES,
  /** {@code RLIMIT_NPROC}: processes of the user. */
  PROCESSES,
  /** {@code RLIMIT_MEMLOCK}: locked memory, bytes. */
  LOCKED_MEMORY
}
