package dev.procdesc;

/**
 * A resource that {@link Spawner#limit(Resource, Limit)} limits.
 *
 * @see <a href="https://man7.org/linux/man-pages/man2/setrlimit.2.html">setrlimit(2), Linux</a>
 * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=setrlimit&amp;sektion=2">setrlimit(2),
 *     FreeBSD</a>
 */
public enum Resource {
  /** CPU time in seconds, {@code RLIMIT_CPU}. */
  CPU_SECONDS,
  /** The size in bytes of the largest file that may be written, {@code RLIMIT_FSIZE}. */
  FILE_SIZE,
  /** The size of the data segment in bytes, {@code RLIMIT_DATA}. */
  DATA,
  /** The size of the main thread's stack in bytes, {@code RLIMIT_STACK}. */
  STACK,
  /** The size in bytes of the largest core image, {@code RLIMIT_CORE}. */
  CORE,
  /** The size of the address space in bytes, {@code RLIMIT_AS}. */
  ADDRESS_SPACE,
  /** Open descriptors: one more than the largest number, {@code RLIMIT_NOFILE}. */
  OPEN_FILES,
  /** The number of processes of the user, {@code RLIMIT_NPROC}. */
  PROCESSES,
  /** The amount of locked memory in bytes, {@code RLIMIT_MEMLOCK}. */
  LOCKED_MEMORY
}
