package dev.procdesc.cli;

import dev.procdesc.Stdio;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.stream.Stream;
import picocli.CommandLine.TypeConversionException;

/** Parses the values of {@code --stdin}, {@code --stdout} and {@code --stderr}. */
final class StdioSpec {
  private static final int O_CLOEXEC = 02000000;

  private StdioSpec() {}

  /** Parses a specification of standard input. */
  static Stdio input(String spec) {
    return spec.startsWith("file:")
        ? Stdio.fromFile(path(spec, "file:"))
        : common(spec, "inherit, null, file:PATH, fd:N");
  }

  /** Parses a specification of standard output. */
  static Stdio output(String spec) {
    return output(spec, "inherit, null, file:PATH, append:PATH, new:PATH, fd:N");
  }

  /** Parses a specification of standard error. */
  static Stdio errorOutput(String spec) {
    return spec.equals("stdout")
        ? Stdio.stdout()
        : output(spec, "inherit, null, stdout, file:PATH, append:PATH, new:PATH, fd:N");
  }

  private static Stdio output(String spec, String allowed) {
    if (spec.startsWith("file:")) {
      return Stdio.toFile(path(spec, "file:"));
    }
    if (spec.startsWith("append:")) {
      return Stdio.appendTo(path(spec, "append:"));
    }
    if (spec.startsWith("new:")) {
      return Stdio.file(path(spec, "new:"), Stdio.Access.CREATE_NEW, 0666);
    }
    return common(spec, allowed);
  }

  private static Stdio common(String spec, String allowed) {
    if (spec.equals("inherit")) {
      return Stdio.inherit();
    }
    if (spec.equals("null")) {
      return Stdio.nullDevice();
    }
    if (spec.matches("fd:[0-9]{1,9}")) {
      int fd = Integer.parseInt(spec.substring("fd:".length()));
      if (!isGiven(fd)) {
        throw new TypeConversionException("descriptor " + fd + " was not given to pd");
      }
      return Stdio.descriptor(fd);
    }
    throw new TypeConversionException("'" + spec + "' is not one of " + allowed);
  }

  /**
   * Returns whether a descriptor was open before the JVM started. The JVM's own descriptors are
   * close-on-exec, except that of its image of the class library.
   */
  private static boolean isGiven(int fd) {
    Path all = Path.of("/proc/self/fdinfo");
    if (fd <= 2 || !Files.isDirectory(all)) {
      return true;
    }
    String number = Integer.toString(fd);
    try (Stream<String> lines = Files.lines(all.resolve(number))) {
      Path file = Files.readSymbolicLink(Path.of("/proc/self/fd", number));
      return lines
              .filter(line -> line.startsWith("flags:"))
              .anyMatch(line -> (Long.parseLong(line.substring(6).strip(), 8) & O_CLOEXEC) == 0)
          && !file.startsWith(Path.of(System.getProperty("java.home")).toRealPath());
    } catch (IOException e) {
      return false;
    }
  }

  private static Path path(String spec, String prefix) {
    String name = spec.substring(prefix.length());
    if (name.isEmpty()) {
      throw new TypeConversionException("'" + spec + "' names no file");
    }
    try {
      return Path.of(name);
    } catch (InvalidPathException e) {
      throw new TypeConversionException("'" + spec + "': " + e.getMessage());
    }
  }
}
