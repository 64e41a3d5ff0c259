package dev.procdesc.posix.ffi;

/** Calls system calls on descriptors that return results in memory, and allocates that memory. */
public final class Descriptors {
  private static final int EVENTS = 4;
  private static final int REVENTS_SHIFT = Short.SIZE;

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
      memory.bytes().putInt(0, fd).putInt(EVENTS, events);
      int outcome = LibC.poll(memory.address(), 1, timeoutMillis);
      // The kernel writes revents, which is the upper half of the word that contains events.
      return outcome > 0 ? memory.bytes().getInt(EVENTS) >>> REVENTS_SHIFT : outcome;
    }
  }
}
