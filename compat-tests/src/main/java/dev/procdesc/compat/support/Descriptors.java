package dev.procdesc.compat.support;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import jnr.constants.platform.Fcntl;
import jnr.constants.platform.OpenFlags;
import jnr.constants.platform.RLIMIT;

/** The open descriptors of this JVM. */
public final class Descriptors {
  private static final Path PROC = Path.of("/proc/self/fd");

  /** The largest number that is tried on a system without /proc; the tests use smaller ones. */
  private static final int LARGEST_TRIED = 4096;

  /**
   * The files that Java opens at any time: its archives and libraries, its source of randomness,
   * and the files of the kernel that the tests read.
   */
  private static final Pattern OF_JAVA = Pattern.compile(
      ".*\\.(jar|so|class|jsa|jfr)( \\(deleted\\))?|.*/modules|/dev/u?random|/proc/.*|/sys/.*");

  private Descriptors() {}

  /**
   * Returns the open descriptors, without those that Java opens at any time.
   *
   * @return the file of each number, or {@code ?} where the system does not report it
   */
  public static Map<Integer, String> open() {
    Map<Integer, String> open = new TreeMap<>();
    if (Files.isDirectory(PROC)) {
      try (DirectoryStream<Path> links = Files.newDirectoryStream(PROC)) {
        for (Path link : links) {
          try {
            open.put(
                Integer.valueOf(link.getFileName().toString()),
                Files.readSymbolicLink(link).toString());
          } catch (IOException e) {
            // Closed since the directory was read.
          }
        }
      } catch (IOException e) {
        throw new AssertionError(e);
      }
      open.values().removeIf(OF_JAVA.asMatchPredicate());
    } else {
      for (int fd = 0; fd < LARGEST_TRIED; fd++) {
        if (isOpen(fd)) {
          open.put(fd, "?");
        }
      }
    }
    return open;
  }

  /** Returns whether a descriptor is open. */
  public static boolean isOpen(int fd) {
    return Libc.C.fcntl(fd, Fcntl.F_GETFD.intValue(), 0) != -1;
  }

  /** Returns whether a descriptor is close-on-exec. */
  public static boolean isCloseOnExec(int fd) {
    int flags = Libc.check(() -> Libc.C.fcntl(fd, Fcntl.F_GETFD.intValue(), 0));
    return (flags & Libc.FD_CLOEXEC) != 0;
  }

  /** Returns whether reads and writes of a descriptor wait. */
  public static boolean isBlocking(int fd) {
    int flags = Libc.check(() -> Libc.C.fcntl(fd, Fcntl.F_GETFL.intValue(), 0));
    return (flags & OpenFlags.O_NONBLOCK.intValue()) == 0;
  }

  /** Sets whether a descriptor is close-on-exec. */
  public static void setCloseOnExec(int fd, boolean close) {
    Libc.check(() -> Libc.C.fcntl(fd, Fcntl.F_SETFD.intValue(), close ? Libc.FD_CLOEXEC : 0));
  }

  /** Opens a file for reading, close-on-exec. */
  public static int open(Path file) {
    return open(file, OpenFlags.O_RDONLY.intValue(), 0);
  }

  /** Opens a file, close-on-exec. */
  public static int open(Path file, int flags, int mode) {
    return Libc.check(
        () -> Libc.C.open(file.toString(), flags | OpenFlags.O_CLOEXEC.intValue(), mode));
  }

  /** Duplicates a descriptor to a number that must be free, close-on-exec. */
  public static int copy(int fd, int to) {
    if (isOpen(to)) {
      throw new AssertionError("the test needs descriptor " + to + ", which is in use");
    }
    Libc.check(() -> Libc.C.dup2(fd, to));
    setCloseOnExec(to, true);
    return to;
  }

  /** Duplicates a descriptor to the lowest free number, close-on-exec. */
  public static int duplicate(int fd) {
    int copy = Libc.check(() -> Libc.C.dup(fd));
    setCloseOnExec(copy, true);
    return copy;
  }

  /** Writes a text. */
  public static void write(int fd, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    Libc.checkLong(() -> Libc.C.write(fd, bytes, bytes.length));
  }

  /** Reads once; returns the text, which is empty at the end of file. */
  public static String read(int fd) {
    byte[] buffer = new byte[4096];
    int count = (int) Libc.checkLong(() -> Libc.C.read(fd, buffer, buffer.length));
    return new String(buffer, 0, count, StandardCharsets.UTF_8);
  }

  /** Closes a descriptor. */
  public static void close(int fd) {
    Libc.check(() -> Libc.C.close(fd));
  }

  /** Returns the soft limit of descriptors of this JVM. */
  public static long limit() {
    long[] limit = new long[2];
    Libc.check(() -> Libc.C.getrlimit(RLIMIT.RLIMIT_NOFILE.intValue(), limit));
    return limit[0];
  }

  /** Sets the soft limit of descriptors of this JVM. */
  public static void setLimit(long soft) {
    long[] limit = new long[2];
    Libc.check(() -> Libc.C.getrlimit(RLIMIT.RLIMIT_NOFILE.intValue(), limit));
    limit[0] = soft;
    Libc.check(() -> Libc.C.setrlimit(RLIMIT.RLIMIT_NOFILE.intValue(), limit));
  }
}
