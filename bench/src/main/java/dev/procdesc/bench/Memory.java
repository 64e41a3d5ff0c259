package dev.procdesc.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;

/** The memory of the machine. */
final class Memory {
  static final long GIB = 1L << 30;

  private Memory() {}

  /** Returns the number of bytes that are available without swapping; empty if that is unknown. */
  static OptionalLong available() {
    return bytes("MemAvailable");
  }

  /** Returns the number of bytes of the machine; empty if that is unknown. */
  static OptionalLong total() {
    return bytes("MemTotal");
  }

  private static OptionalLong bytes(String name) {
    try {
      OptionalLong kib = Proc.number(Path.of("/proc/meminfo"), name + ":\\s*(\\d+) kB");
      return kib.isPresent() ? OptionalLong.of(kib.getAsLong() * 1024) : kib;
    } catch (IOException e) {
      return OptionalLong.empty();
    }
  }

  /** Returns the reason why so much memory must not be used; empty if it may be. */
  static Optional<Missing> refusal(long needed) {
    OptionalLong available = available();
    if (available.isEmpty() || available.getAsLong() >= needed) {
      return Optional.empty();
    }
    return Optional.of(Missing.notRun("needs "
        + Unit.BYTES.format((double) needed)
        + " of memory, "
        + Unit.BYTES.format((double) available.getAsLong())
        + " are available"));
  }
}
