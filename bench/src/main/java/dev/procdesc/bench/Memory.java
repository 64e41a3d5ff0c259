package dev.procdesc.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;

/** The memory of the machine. */
final class Memory {
  static final long GIB = 1L << 30;

  private Memory() {}

  /** Returns the number of bytes that are available without swapping; empty if that is unknown. */
  static OptionalLong available() {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/meminfo"))) {
        if (line.startsWith("MemAvailable:")) {
          return OptionalLong.of(Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024);
        }
      }
      return OptionalLong.empty();
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
