package dev.procdesc.posix.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.posix.ffi.Descriptors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.ffi.PosixNumbers;
import java.nio.file.Path;

/**
 * What a backend would give the shared code on the system that the tests run on: this module has no
 * numbers of its own.
 */
public final class TestSystem {
  public static final PosixNumbers NUMBERS = numbers();

  private static final int FAR_UP = 700;

  private TestSystem() {}

  private static PosixNumbers numbers() {
    if (System.getProperty("os.name", "").equals("FreeBSD")) {
      return new PosixNumbers(35, 0x100000, 0x4, 0x200, 0x800, 0x400, 0x8, 0x20000, 17, 0x1000);
    }
    boolean arm = System.getProperty("os.arch", "").equals("aarch64");
    return new PosixNumbers(
        11, 0x80000, 0x800, 0x40, 0x80, 0x200, 0x400, arm ? 0x4000 : 0x10000, 1030, 0x20);
  }

  /** The two ends of a pipe. */
  public record Pipe(int readEnd, int writeEnd) {
    public void close() {
      LibC.close(readEnd);
      LibC.close(writeEnd);
    }
  }

  /** A pipe, close-on-exec, with both ends non-blocking. */
  public static Pipe pipe() {
    int[] ends = new int[2];
    assertEquals(0, Descriptors.pipe(ends, NUMBERS.oCloexec() | NUMBERS.oNonblock()));
    return new Pipe(ends[0], ends[1]);
  }

  /** A pipe at numbers that nobody else in this JVM gets by chance. */
  static Pipe pipeFarUp() {
    Pipe low = pipe();
    Pipe high = new Pipe(duplicate(low.readEnd, FAR_UP), duplicate(low.writeEnd, FAR_UP));
    low.close();
    return high;
  }

  /** A second descriptor for the same open file, with the lowest free number from one on. */
  public static int duplicate(int fd, int from) {
    int copy = LibC.fcntl(fd, NUMBERS.fDupfdCloexec(), from);
    assertTrue(copy >= from, () -> "fcntl(F_DUPFD_CLOEXEC): " + copy);
    return copy;
  }

  public static boolean isOpen(int fd) {
    return LibC.fcntl(fd, PosixNumbers.F_GETFL, 0) >= 0;
  }

  /** Writes one byte; a count, or {@code -errno}. */
  public static long writeByte(int fd, int value) {
    try (NativeMemory memory = NativeMemory.borrow()) {
      memory.bytes().put(0, (byte) value);
      return LibC.write(fd, memory.address(), 1);
    }
  }

  /** Reads one byte: 0 to 255, -1 at the end of file, {@code -errno - 1} if it fails. */
  public static long readByte(int fd) {
    try (NativeMemory memory = NativeMemory.borrow()) {
      long count = LibC.read(fd, memory.address(), 1);
      return count == 1 ? memory.bytes().get(0) & 0xFF : count - 1;
    }
  }

  /**
   * How many descriptors this JVM has below a number. The least of some counts: threads of the JVM
   * itself open a file for a moment now and then.
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

  /** The Java launcher of this JVM. */
  public static Path java() {
    return Path.of(System.getProperty("java.home"), "bin", "java");
  }
}
