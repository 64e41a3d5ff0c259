package dev.procdesc.compat.support;

import static java.util.Objects.requireNonNull;

import dev.procdesc.compat.Requires;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.StringJoiner;
import java.util.stream.Stream;

/**
 * A copy of this JVM's class path that every user may read. A JVM that becomes another user loads
 * classes afterwards too, and the checkout is often below a home directory that only its owner may
 * enter.
 *
 * <p>The copy is made at the first call and deleted when this JVM ends.
 */
final class PublicClassPath {
  private static final Set<PosixFilePermission> DIRECTORY =
      PosixFilePermissions.fromString("rwxr-xr-x");
  private static final Set<PosixFilePermission> FILE = PosixFilePermissions.fromString("rw-r--r--");

  private static Optional<String> copy = Optional.empty();

  private PublicClassPath() {}

  /** Returns the class path of the copy. */
  static synchronized String get() {
    if (copy.isEmpty()) {
      try {
        copy = Optional.of(make(place()));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return copy.orElseThrow();
  }

  /** Finds a directory for temporary files that every user may enter. */
  private static Path place() {
    Optional<Path> place = Stream.of(System.getProperty("java.io.tmpdir"), "/tmp", "/var/tmp")
        .map(name -> Path.of(name).toAbsolutePath())
        .filter(directory -> Files.isWritable(directory) && isOpenToAll(directory))
        .findFirst();
    Requires.that(place.isPresent(), "a directory for temporary files that every user may enter");
    return place.orElseThrow();
  }

  private static boolean isOpenToAll(Path directory) {
    try {
      for (Path path = directory.toRealPath(); path != null; path = path.getParent()) {
        if (!Files.getPosixFilePermissions(path).contains(PosixFilePermission.OTHERS_EXECUTE)) {
          return false;
        }
      }
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private static String make(Path place) throws IOException {
    Path root = Files.createTempDirectory(place, "procdesc-compat-classes-");
    Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(root)));
    Files.setPosixFilePermissions(root, DIRECTORY);
    StringJoiner entries = new StringJoiner(File.pathSeparator);
    int number = 0;
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
      Path original = Path.of(entry).toAbsolutePath();
      if (Files.exists(original)) {
        Path target = root.resolve(number++ + "-" + requireNonNull(original.getFileName()));
        copy(original, target);
        entries.add(target.toString());
      }
    }
    return entries.toString();
  }

  private static void copy(Path original, Path target) throws IOException {
    List<Path> paths;
    try (Stream<Path> walk = Files.walk(original)) {
      paths = walk.toList();
    }
    for (Path path : paths) {
      Path to = target.resolve(original.relativize(path).toString());
      Files.copy(path, to);
      // The umask may have taken them away.
      Files.setPosixFilePermissions(to, Files.isDirectory(to) ? DIRECTORY : FILE);
    }
  }

  private static void delete(Path root) {
    try (Stream<Path> walk = Files.walk(root)) {
      for (Path path : walk.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    } catch (IOException e) {
      System.err.println("cannot delete " + root + ": " + e);
    }
  }
}
