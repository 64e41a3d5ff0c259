package dev.procdesc.freebsd.capsicum;

import dev.procdesc.freebsd.kernel.Numbers;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The directories that the run-time linker searches for every program: those of {@code ldconfig}'s
 * hints, and its standard ones.
 */
final class LibraryPath {
  private static final Path HINTS = Path.of("/var/run/ld-elf.so.hints");

  /** STANDARD_LIBRARY_PATH of rtld-elf. */
  private static final List<String> STANDARD = List.of("/lib/casper", "/lib", "/usr/lib");

  private LibraryPath() {}

  /** Returns the directories, in the order of the search. */
  static Set<String> directories() {
    Set<String> directories = new LinkedHashSet<>();
    try {
      directories.addAll(ofHints(Files.readAllBytes(HINTS)));
    } catch (IOException e) {
      // The linker also works without hints.
    }
    directories.addAll(STANDARD);
    return directories;
  }

  /** Returns the directories that a file of hints names; none if it is not such a file. */
  static List<String> ofHints(byte[] hints) {
    ByteBuffer bytes = ByteBuffer.wrap(hints).order(ByteOrder.LITTLE_ENDIAN);
    if (hints.length < Numbers.ELFHINTS_SIZE
        || bytes.getInt(0) != Numbers.ELFHINTS_MAGIC
        || bytes.getInt(Numbers.ELFHINTS_VERSION) != 1) {
      return List.of();
    }
    long start = Integer.toUnsignedLong(bytes.getInt(Numbers.ELFHINTS_STRTAB))
        + Integer.toUnsignedLong(bytes.getInt(Numbers.ELFHINTS_DIRLIST));
    long length = Integer.toUnsignedLong(bytes.getInt(Numbers.ELFHINTS_DIRLISTLEN));
    if (start + length > hints.length) {
      return List.of();
    }
    String list = new String(hints, (int) start, (int) length, StandardCharsets.ISO_8859_1);
    return List.of(list.split(":", -1)).stream()
        .filter(directory -> directory.startsWith("/"))
        .toList();
  }
}
