package dev.procdesc.posix.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.posix.ffi.Descriptors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.ffi.TestNumbers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Creates and examines descriptors; chooses the numbers of the system that the tests run on. */
public final class TestSystem {
  public static final PosixNumbers NUMBERS = TestNumbers.choose();

  private static final int FAR_UP = 700;

  private TestSystem() {}

  /** The two ends of a pipe. */
  public record Pipe(int readEnd, int writeEnd) {
    public void close() {
      LibC.close(readEnd);
      LibC.close(writeEnd);
    }
  }

  /** Creates a pipe, close-on-exec, with both ends non-blocking. */
  public static Pipe pipe() {
    int[] ends = new int[2];
    assertEquals(0, Descriptors.pipe(ends, NUMBERS.oCloexec() | NUMBERS.oNonblock()));
    return new Pipe(ends[0], ends[1]);
  }

  /** Creates a pipe with high numbers, which no other code in this JVM gets by chance. */
  static Pipe pipeFarUp() {
    Pipe low = pipe();
    Pipe high = new Pipe(duplicate(low.readEnd, FAR_UP), duplicate(low.writeEnd, FAR_UP));
    low.close();
    return high;
  }

  /** Duplicates a descriptor to the lowest free number that is not below {@code from}. */
  public static int duplicate(int fd, int from) {
    int copy = LibC.fcntl(fd, NUMBERS.fDupfdCloexec(), from);
    assertTrue(copy >= from, () -> "fcntl(F_DUPFD_CLOEXEC): " + copy);
    return copy;
  }

  public static boolean isOpen(int fd) {
    return LibC.fcntl(fd, PosixNumbers.F_GETFL, 0) >= 0;
  }

  /**
   * Asserts that a descriptor is closed. Its number may be that of a kernel's file, which a thread
   * of the JVM reads at this moment.
   */
  public static void assertClosed(int fd) {
    assertTrue(!isOpen(fd) || isReadByJvm(fd), () -> "descriptor " + fd + " is open");
  }

  private static boolean isReadByJvm(int fd) {
    try {
      Path file = Files.readSymbolicLink(Path.of("/proc/self/fd/" + fd));
      return file.startsWith("/sys") || file.startsWith("/proc");
    } catch (IOException e) {
      return !isOpen(fd); // It was closed since.
    }
  }

  /** Writes one byte; returns a count, or {@code -errno}. */
  public static long writeByte(int fd, int value) {
    try (NativeMemory memory = NativeMemory.borrow()) {
      memory.bytes().put(0, (byte) value);
      return LibC.write(fd, memory.address(), 1);
    }
  }

  /** Reads one byte; returns -1 at the end of file, and {@code -errno - 1} on failure. */
  public static long readByte(int fd) {
    try (NativeMemory memory = NativeMemory.borrow()) {
      long count = LibC.read(fd, memory.address(), 1);
      return count == 1 ? memory.bytes().get(0) & 0xFF : count - 1;
    }
  }

  /**
   * Counts the open descriptors of this JVM. Returns the minimum of several counts, because threads
   * of the JVM itself open files for short times.
   */
  static int countOpen() {
    return Math.min(countOnce(), Math.min(countOnce(), countOnce()));
  }

  private static int countOnce() {
    int count = 0;
    for (int fd = 0; fd < 4096; fd++) {
      if (isOpen(fd)) {
        count++;
      }
    }
    return count;
  }
}
