package dev.procdesc.compat.support;

import dev.procdesc.Platform;
import dev.procdesc.compat.Differences;
import dev.procdesc.compat.MissingCondition;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A program of one page of ELF, without a run-time linker and libraries, which runs where there is
 * no /lib. It exits with code 42.
 */
public final class TinyProgram {
  /** The exit code. */
  public static final int EXIT_CODE = 42;

  private static final int HEADER = 64;
  private static final int PROGRAM_HEADER = 56;
  private static final long ADDRESS = 0x400000;

  private TinyProgram() {}

  /** Writes the program. */
  public static Path write(Path file) throws IOException {
    return executable(file, elf());
  }

  /**
   * Writes a program that only names its run-time linker, and is not to be executed.
   *
   * @param bits 32 or 64
   */
  public static Path writeNaming(Path file, int bits, String linker) throws IOException {
    byte[] name = (linker + "\0").getBytes(StandardCharsets.ISO_8859_1);
    int header = bits == 64 ? HEADER : 52;
    int programHeader = bits == 64 ? PROGRAM_HEADER : 32;
    int start = header + programHeader;
    ByteBuffer elf = ByteBuffer.allocate(start + name.length).order(ByteOrder.LITTLE_ENDIAN);
    elf.put(new byte[] {0x7f, 'E', 'L', 'F', (byte) (bits / 32), 1, 1, 0}).putLong(0);
    elf.putShort((short) 3).putShort((short) (bits == 64 ? 62 : 3)).putInt(1);
    if (bits == 64) {
      elf.putLong(0).putLong(header).putLong(0).putInt(0);
    } else {
      elf.putInt(0).putInt(header).putInt(0).putInt(0);
    }
    elf.putShort((short) header).putShort((short) programHeader).putShort((short) 1);
    elf.putShort((short) 0).putShort((short) 0).putShort((short) 0);
    // One segment, PT_INTERP, to be read.
    if (bits == 64) {
      elf.putInt(3).putInt(4).putLong(start).putLong(start).putLong(start);
      elf.putLong(name.length).putLong(name.length).putLong(1);
    } else {
      elf.putInt(3).putInt(start).putInt(start).putInt(start);
      elf.putInt(name.length).putInt(name.length).putInt(4).putInt(1);
    }
    return executable(file, elf.put(name).array());
  }

  private static Path executable(Path file, byte[] bytes) throws IOException {
    Files.write(file, bytes);
    return Scratch.permit(file, "rwxr-xr-x");
  }

  private static byte[] elf() {
    // A simulation executes the programs of the kernel below it.
    String name = Differences.simulated() ? "linux" : Platform.current().name();
    String system = name + " " + System.getProperty("os.arch");
    // The machine code of exit(42), by the number of the system call.
    byte[] code = switch (system) {
      case "linux amd64" -> x86(60);
      case "freebsd amd64" -> x86(1);
      case "linux aarch64" -> aarch64(93);
      case "freebsd aarch64" -> aarch64(1);
      default -> throw new MissingCondition("x86-64 or aarch64");
    };
    boolean freebsd = system.startsWith("freebsd");
    int machine = system.endsWith("amd64") ? 62 : 183;
    int size = HEADER + PROGRAM_HEADER + code.length;
    ByteBuffer elf = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    elf.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1, (byte) (freebsd ? 9 : 0)}).putLong(0);
    elf.putShort((short) 2).putShort((short) machine).putInt(1);
    elf.putLong(ADDRESS + HEADER + PROGRAM_HEADER).putLong(HEADER).putLong(0).putInt(0);
    elf.putShort((short) HEADER).putShort((short) PROGRAM_HEADER).putShort((short) 1);
    elf.putShort((short) 0).putShort((short) 0).putShort((short) 0);
    // One segment, to be loaded, read and executed.
    elf.putInt(1).putInt(5).putLong(0).putLong(ADDRESS).putLong(ADDRESS);
    elf.putLong(size).putLong(size).putLong(0x1000);
    return elf.put(code).array();
  }

  /** {@code mov edi, 42; mov eax, number; syscall}. */
  private static byte[] x86(int number) {
    return new byte[] {
      (byte) 0xbf, EXIT_CODE, 0, 0, 0, (byte) 0xb8, (byte) number, 0, 0, 0, 0x0f, 0x05
    };
  }

  /** {@code mov x0, 42; mov x8, number; svc 0}. */
  private static byte[] aarch64(int number) {
    return ByteBuffer.allocate(12)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(0xd2800000 | EXIT_CODE << 5)
        .putInt(0xd2800008 | number << 5)
        .putInt(0xd4000001)
        .array();
  }
}
