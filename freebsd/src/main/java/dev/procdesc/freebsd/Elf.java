package dev.procdesc.freebsd;

import dev.procdesc.posix.NativeMemory;
import java.nio.ByteBuffer;

/** What is to be known of an executable file before it is executed. ELF-64, little-endian. */
final class Elf {
  private static final int MAGIC = 0x464C_457F;
  private static final int HEADER_SIZE = 64;
  private static final int PROGRAM_HEADERS = 32;
  private static final int PROGRAM_HEADER_SIZE = 54;
  private static final int PROGRAM_HEADER_COUNT = 56;
  private static final int PT_INTERP = 3;

  private Elf() {}

  /** Whether a program names a run-time linker. What cannot be read is left to the kernel. */
  static boolean needsInterpreter(int fd) {
    try (NativeMemory memory = NativeMemory.borrow()) {
      ByteBuffer bytes = memory.bytes();
      if (Calls.pread(fd, memory.address(), HEADER_SIZE, 0) != HEADER_SIZE
          || bytes.getInt(0) != MAGIC) {
        return false;
      }
      long at = bytes.getLong(PROGRAM_HEADERS);
      int size = Short.toUnsignedInt(bytes.getShort(PROGRAM_HEADER_SIZE));
      int count = Short.toUnsignedInt(bytes.getShort(PROGRAM_HEADER_COUNT));
      for (int i = 0; i < count; i++) {
        long header = at + (long) i * size;
        if (Calls.pread(fd, memory.address(), Integer.BYTES, header) != Integer.BYTES) {
          return false;
        }
        if (bytes.getInt(0) == PT_INTERP) {
          return true;
        }
      }
      return false;
    }
  }
}
