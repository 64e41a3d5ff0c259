package dev.procdesc.spi;

import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.util.Objects;

/** The check of the paths that are passed to the kernel. */
public final class SystemPath {
  private SystemPath() {}

  /**
   * Checks that a path is one of the default file system, whose names the kernel knows.
   *
   * @param path the path
   * @return the path
   * @throws UnsupportedOperationException if it is a path of another file system, such as that of a
   *     ZIP file, as {@link Path#toFile()} reports it
   */
  public static Path check(Path path) {
    if (!Objects.requireNonNull(path, "path").getFileSystem().equals(FileSystems.getDefault())) {
      throw new UnsupportedOperationException(
          path + " is a path of another file system than the default one");
    }
    return path;
  }
}
