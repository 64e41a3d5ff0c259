package dev.procdesc.posix.ffi;

import java.util.OptionalInt;

/**
 * Supplies the numbers of the system that the tests run on, as a backend does: this module does not
 * contain any. The sockets of the tests are those of FreeBSD, because they are simulated.
 */
public final class TestNumbers {
  private TestNumbers() {}

  /** Chooses the numbers and returns those of files, memory and errors. */
  public static PosixNumbers choose() {
    SetupNumbers noSetup = new SetupNumbers(
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        new TerminalNumbers(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
        0,
        "");
    SystemNumbers.choose(posix(), sockets(false), noSetup);
    return SystemNumbers.posix();
  }

  private static PosixNumbers posix() {
    if (System.getProperty("os.name", "").equals("FreeBSD")) {
      return new PosixNumbers(
          35, 62, 63, 70, 60, 54, 0x100000, 0x4, 0x200, 0x800, 0x400, 0x8, 0x20000, 0x400000, 17,
          0x1000);
    }
    boolean arm = System.getProperty("os.arch", "").equals("aarch64");
    return new PosixNumbers(
        11,
        40,
        36,
        116,
        110,
        104,
        0x80000,
        0x800,
        0x40,
        0x80,
        0x200,
        0x400,
        arm ? 0x4000 : 0x10000,
        0x200000,
        1030,
        0x20);
  }

  /** Returns the numbers and layouts of sockets on either system. */
  public static SocketNumbers sockets(boolean linux) {
    return linux
        ? new SocketNumbers(
            0x80000,
            0x800,
            1,
            3,
            39,
            30,
            10,
            7,
            8,
            1,
            OptionalInt.of(4),
            0x40,
            0x4000,
            0x40000000,
            0x20,
            0x8,
            0x2000,
            0x541B,
            true,
            48,
            false,
            108,
            true,
            OptionalInt.empty(),
            OptionalInt.empty(),
            OptionalInt.empty())
        : new SocketNumbers(
            0x10000000,
            0x20000000,
            0xFFFF,
            0x1008,
            0x1019,
            0x2,
            28,
            0x1001,
            0x1002,
            1,
            OptionalInt.empty(),
            0x80,
            0x20000,
            0x40000,
            0x10,
            0x20,
            0x4000,
            0x4004667FL,
            false,
            44,
            true,
            104,
            false,
            OptionalInt.of(0x8),
            OptionalInt.of(40),
            OptionalInt.of(0x10000));
  }
}
