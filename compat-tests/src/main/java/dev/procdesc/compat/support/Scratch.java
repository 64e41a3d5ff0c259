package dev.procdesc.compat.support;

import dev.procdesc.compat.Requires;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/** Creates files for tests. */
public final class Scratch {
  private Scratch() {}

  /** Creates a file with a text. */
  public static Path file(Path path, String text) throws IOException {
    return Files.write(path, text.getBytes(StandardCharsets.UTF_8));
  }

  /** Creates a file with a text, and permissions such as {@code rwxr-xr-x}. */
  public static Path file(Path path, String text, String permissions) throws IOException {
    return permit(file(path, text), permissions);
  }

  /** Creates a shell script that may be executed. */
  public static Path script(Path path, String text) throws IOException {
    return file(path, "#!/bin/sh\n" + text + "\n", "rwxr-xr-x");
  }

  /** Creates a copy of a program of the system. */
  public static Path program(Path path, String original) throws IOException {
    Files.copy(Path.of(original), path);
    return permit(path, "rwxr-xr-x");
  }

  /** Changes permissions; skips the test on a file system that executes no program. */
  static Path permit(Path path, String permissions) throws IOException {
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(permissions));
    Requires.that(
        !permissions.contains("x") || Files.isExecutable(path),
        "a directory for temporary files that is not mounted noexec");
    return path;
  }
}
