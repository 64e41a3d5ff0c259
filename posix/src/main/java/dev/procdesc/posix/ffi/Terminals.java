package dev.procdesc.posix.ffi;

import dev.procdesc.TerminalSize;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.IntSupplier;

/** Queries and changes terminals: that of this JVM, and those that it opens for children. */
public final class Terminals {
  /** The layout of {@code struct winsize}: four short words, two of them the size in pixels. */
  private static final int WINSIZE_ROWS = 0;

  private static final int WINSIZE_COLUMNS = 2;
  private static final int WINSIZE_PIXELS = 4;

  /** The size of a {@code sigset_t} on the system with the larger one (Linux). */
  private static final int SIGSET_T_SIZE = 128;

  private Terminals() {}

  /** Returns the modes of a terminal; empty if the descriptor is none. */
  public static Optional<byte[]> modes(int fd) {
    TerminalNumbers numbers = SystemNumbers.setup().terminal();
    try (NativeMemory memory = NativeMemory.borrow()) {
      if (LibC.ioctl(fd, numbers.getModes(), memory.address()) < 0) {
        return Optional.empty();
      }
      byte[] modes = new byte[numbers.modesSize()];
      memory.bytes().get(0, modes);
      return Optional.of(modes);
    }
  }

  /** Sets the modes of a terminal at once; returns 0 or {@code -errno}. */
  public static int setModes(int fd, byte[] modes) {
    try (NativeMemory memory = NativeMemory.borrow()) {
      memory.bytes().put(0, modes);
      return LibC.ioctl(fd, SystemNumbers.setup().terminal().setModes(), memory.address());
    }
  }

  /** Returns the size of a terminal; empty if the descriptor is none. */
  public static Optional<TerminalSize> size(int fd) {
    try (NativeMemory memory = NativeMemory.borrow()) {
      long request = SystemNumbers.setup().terminal().tiocgwinsz();
      if (LibC.ioctl(fd, request, memory.address()) < 0) {
        return Optional.empty();
      }
      ByteBuffer winsize = memory.bytes();
      return Optional.of(new TerminalSize(
          Short.toUnsignedInt(winsize.getShort(WINSIZE_COLUMNS)),
          Short.toUnsignedInt(winsize.getShort(WINSIZE_ROWS))));
    }
  }

  /** Sets the size of a terminal; returns 0 or {@code -errno}. */
  public static int setSize(int fd, TerminalSize size) {
    try (NativeMemory memory = NativeMemory.borrow()) {
      memory
          .bytes()
          .putShort(WINSIZE_ROWS, (short) size.rows())
          .putShort(WINSIZE_COLUMNS, (short) size.columns())
          .putInt(WINSIZE_PIXELS, 0);
      return LibC.ioctl(fd, SystemNumbers.setup().terminal().tiocswinsz(), memory.address());
    }
  }

  /**
   * Returns the character that is the end of file for a reader of lines; empty if the descriptor is
   * no terminal, if the terminal does not collect its input to lines, and if the character is
   * switched off.
   */
  public static OptionalInt endOfFile(int fd) {
    TerminalNumbers numbers = SystemNumbers.setup().terminal();
    Optional<byte[]> modes = modes(fd);
    if (modes.isEmpty()) {
      return OptionalInt.empty();
    }
    ByteBuffer termios = ByteBuffer.wrap(modes.get()).order(ByteOrder.nativeOrder());
    int character = Byte.toUnsignedInt(termios.get(numbers.veof()));
    return (termios.getInt(numbers.localModes()) & numbers.icanon()) != 0
            && character != numbers.vdisable()
        ? OptionalInt.of(character)
        : OptionalInt.empty();
  }

  /**
   * Returns the foreground process group of a terminal, or {@code -errno}: ENOTTY if it is not the
   * controlling terminal of this JVM.
   */
  public static int foreground(int fd) {
    try (NativeMemory memory = NativeMemory.borrow()) {
      int outcome = LibC.ioctl(fd, SystemNumbers.setup().terminal().tiocgpgrp(), memory.address());
      return outcome < 0 ? outcome : memory.bytes().getInt(0);
    }
  }

  /** Sets the foreground process group of a terminal; returns 0 or {@code -errno}. */
  public static int setForeground(int fd, int group) {
    try (NativeMemory memory = NativeMemory.borrow()) {
      memory.bytes().putInt(0, group);
      return LibC.ioctl(fd, SystemNumbers.setup().terminal().tiocspgrp(), memory.address());
    }
  }

  /**
   * Makes calls that change a terminal. SIGTTOU, by which the kernel would stop a JVM that is not
   * in the foreground, is blocked in this thread meanwhile, so the calls must not wait for another
   * thread.
   */
  public static int withoutStop(IntSupplier calls) {
    TerminalNumbers numbers = SystemNumbers.setup().terminal();
    try (NativeMemory memory = NativeMemory.borrow()) {
      ByteBuffer sets = memory.bytes();
      for (int i = 0; i < SIGSET_T_SIZE; i += Long.BYTES) {
        sets.putLong(i, 0);
      }
      sets.putLong(0, 1L << (PosixNumbers.SIGTTOU - 1));
      long before = memory.address() + SIGSET_T_SIZE;
      LibC.pthreadSigmask(numbers.sigBlock(), memory.address(), before);
      try {
        return calls.getAsInt();
      } finally {
        LibC.pthreadSigmask(numbers.sigSetmask(), before, 0);
      }
    }
  }
}
