package dev.procdesc.posix.ffi;

/** Calls system calls on descriptors that return results in memory, and allocates that memory. */
public final class Descriptors {
  /** The layout of {@code struct pollfd}: a descriptor, and two short words. */
  public static final int POLLFD_EVENTS = 4;

  public static final int POLLFD_REVENTS = 6;
  public static final int POLLFD_SIZE = 8;

  private Descriptors() {}

  /**
   * Creates a pipe by {@code pipe2}.
   *
   * @param ends receives the read end and the write end
   * @return 0 or {@code -errno}
   */
  public static int pipe(int[] ends, int flags) {
    try (NativeMemory memory = NativeMemory.borrow()) {
      int outcome = LibC.pipe2(memory.address(), flags);
      if (outcome >= 0) {
        ends[0] = memory.bytes().getInt(0);
        ends[1] = memory.bytes().getInt(Integer.BYTES);
      }
      return outcome;
    }
  }

  /**
   * Waits for events of one descriptor by {@code poll}.
   *
   * @param timeoutMillis the time limit; -1 for none
   * @return the events that occurred, 0 after the time limit, or {@code -errno}
   */
  public static int poll(int fd, int events, int timeoutMillis) {
    try (NativeMemory memory = NativeMemory.borrow()) {
      memory.bytes().putInt(0, fd).putShort(POLLFD_EVENTS, (short) events);
      int outcome = LibC.poll(memory.address(), 1, timeoutMillis);
      return outcome > 0 ? memory.bytes().getShort(POLLFD_REVENTS) : outcome;
    }
  }
}
