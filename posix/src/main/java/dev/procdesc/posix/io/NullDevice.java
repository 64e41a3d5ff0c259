package dev.procdesc.posix.io;

import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeArena;
import dev.procdesc.posix.ffi.PosixNumbers;
import java.util.OptionalInt;

/**
 * The null device, opened anew for each child that gets it; or once and for all, before this JVM
 * gives up opening files.
 */
public final class NullDevice {
  public static final String PATH = "/dev/null";

  private static volatile OptionalInt kept = OptionalInt.empty();

  private NullDevice() {}

  /**
   * Opens it, for as long as the JVM lives.
   *
   * @throws ProcessDescriptorException if the system refuses
   */
  public static synchronized void keep(PosixNumbers numbers) throws ProcessDescriptorException {
    if (kept.isEmpty()) {
      try (NativeArena arena = new NativeArena()) {
        int fd = LibC.open(arena.string(PATH), PosixNumbers.O_RDWR | numbers.oCloexec(), 0);
        if (fd < 0) {
          throw Errors.failed("open", PATH, fd);
        }
        kept = OptionalInt.of(fd);
      }
    }
  }

  /** The descriptor that was kept; nobody closes it. */
  public static OptionalInt kept() {
    return kept;
  }
}
