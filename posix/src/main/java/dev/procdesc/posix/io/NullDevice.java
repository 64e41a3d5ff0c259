package dev.procdesc.posix.io;

import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeArena;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.ffi.SystemNumbers;
import java.util.OptionalInt;

/**
 * The null device. It is opened separately for each child that needs it, or once, before this JVM
 * gives up the right to open files.
 */
public final class NullDevice {
  /** The path of the null device. */
  public static final String PATH = "/dev/null";

  private static volatile OptionalInt kept = OptionalInt.empty();

  private NullDevice() {}

  /**
   * Opens the device for the lifetime of the JVM. Idempotent.
   *
   * @throws ProcessDescriptorException if the device cannot be opened
   */
  public static synchronized void keep() throws ProcessDescriptorException {
    if (kept.isEmpty()) {
      try (NativeArena arena = new NativeArena()) {
        int fd = LibC.open(
            arena.string(PATH), PosixNumbers.O_RDWR | SystemNumbers.posix().oCloexec(), 0);
        if (fd < 0) {
          throw Errors.failed("open", PATH, fd);
        }
        kept = OptionalInt.of(fd);
      }
    }
  }

  /** Returns the descriptor that {@link #keep} opened, which is never closed; empty before. */
  public static OptionalInt kept() {
    return kept;
  }
}
