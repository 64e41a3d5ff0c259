package dev.procdesc.freebsd.capsicum;

import dev.procdesc.freebsd.kernel.Syscalls;
import dev.procdesc.posix.ffi.NativeMemory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * Reads the properties of an executable file that are needed before it is executed. ELF,
 * little-endian.
 */
final class Elf {
  private static final int MAGIC = 0x464C_457F;
  private static final int CLASS = 4;
  private static final int ELFCLASS64 = 2;
  private static final int HEADER_SIZE = 64;
  private static final int PT_INTERP = 3;

  /** Longer than any interpreter's name, which the kernel limits to a path's length. */
  private static final int NAME_SIZE = 1024;

  private Elf() {}

  /** The offsets of the fields that are read. */
  private enum Layout {
    ELF32(28, 42, 44, 32, 4, 16),
    ELF64(32, 54, 56, 56, 8, 32);

    final int programHeaders;
    final int programHeaderSize;
    final int programHeaderCount;
    final int size;
    final int segmentOffset;
    final int segmentSize;

    Layout(
        int programHeaders,
        int programHeaderSize,
        int programHeaderCount,
        int size,
        int segmentOffset,
        int segmentSize) {
      this.programHeaders = programHeaders;
      this.programHeaderSize = programHeaderSize;
      this.programHeaderCount = programHeaderCount;
      this.size = size;
      this.segmentOffset = segmentOffset;
      this.segmentSize = segmentSize;
    }

    long word(ByteBuffer bytes, int at) {
      return this == ELF64 ? bytes.getLong(at) : Integer.toUnsignedLong(bytes.getInt(at));
    }
  }

  /**
   * Returns the run-time linker that the kernel would run for a program; empty for a static one. A
   * file that cannot be read is left for the kernel to check.
   */
  static Optional<String> interpreter(int fd) {
    try (NativeMemory memory = NativeMemory.borrow()) {
      ByteBuffer bytes = memory.bytes();
      // The 32-bit header is shorter, but no program is shorter than the 64-bit header.
      if (Syscalls.pread(fd, memory.address(), HEADER_SIZE, 0) != HEADER_SIZE
          || bytes.getInt(0) != MAGIC) {
        return Optional.empty();
      }
      Layout layout = bytes.get(CLASS) == ELFCLASS64 ? Layout.ELF64 : Layout.ELF32;
      long at = layout.word(bytes, layout.programHeaders);
      int size = Short.toUnsignedInt(bytes.getShort(layout.programHeaderSize));
      int count = Short.toUnsignedInt(bytes.getShort(layout.programHeaderCount));
      for (int i = 0; i < count; i++) {
        long header = at + (long) i * size;
        if (Syscalls.pread(fd, memory.address(), layout.size, header) != layout.size) {
          return Optional.empty();
        }
        if (bytes.getInt(0) == PT_INTERP) {
          return name(fd, memory, layout).map(name -> layout == Layout.ELF64 ? name : of32(name));
        }
      }
      return Optional.empty();
    }
  }

  private static Optional<String> name(int fd, NativeMemory memory, Layout layout) {
    ByteBuffer bytes = memory.bytes();
    long at = layout.word(bytes, layout.segmentOffset);
    long size = Math.min(layout.word(bytes, layout.segmentSize), NAME_SIZE);
    int read = Syscalls.pread(fd, memory.address(), size, at);
    if (read <= 0) {
      return Optional.empty();
    }
    byte[] text = new byte[read];
    bytes.get(0, text);
    String name = new String(text, StandardCharsets.ISO_8859_1);
    int end = name.indexOf('\0');
    return Optional.of(end < 0 ? name : name.substring(0, end));
  }

  /**
   * Returns the linker that the kernel uses for a 32-bit program. The program names the linker of
   * its native system, which the kernel replaces.
   */
  private static String of32(String name) {
    return name.equals(RuntimeLinker.PATH) ? "/libexec/ld-elf32.so.1" : name;
  }
}
