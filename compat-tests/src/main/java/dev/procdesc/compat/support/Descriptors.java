package dev.procdesc.compat.support;

import java.io.IOException;
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

  /** Without /proc, numbers are tried up to here: the tests keep below. */
  private static final int LARGEST_TRIED = 4096;

  /**
   * What Java opens when it likes: its archives and libraries, its source of randomness, and the
   * files of the kernel that the tests read.
   */
  private static final Pattern OF_JAVA = Pattern.compile(
      ".*\\.(jar|so|class|jsa|jfr)( \\(deleted\\))?|.*/modules|/dev/u?random|/proc/.*|/sys/.*");

  private Descriptors() {}

  /**
   * What is open.
   *
   * @return each number, with what it is where the system tells, without Java's own
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

  /** Whether a number is open. */
  public static boolean isOpen(int fd) {
    return Libc.C.fcntl(fd, Fcntl.F_GETFD.intValue(), 0) != -1;
  }

  /** Whether a descriptor closes on exec. */
  public static boolean isCloseOnExec(int fd) {
    int flags = Libc.check(() -> Libc.C.fcntl(fd, Fcntl.F_GETFD.intValue(), 0));
    return (flags & Libc.FD_CLOEXEC) != 0;
  }

  /** Makes a descriptor close on exec, or not. */
  public static void setCloseOnExec(int fd, boolean close) {
    Libc.check(() -> Libc.C.fcntl(fd, Fcntl.F_SETFD.intValue(), close ? Libc.FD_CLOEXEC : 0));
  }

  /** Opens a file, close-on-exec, for reading. */
  public static int open(Path file) {
    return open(file, OpenFlags.O_RDONLY.intValue(), 0);
  }

  /** Opens a file, close-on-exec. */
  public static int open(Path file, int flags, int mode) {
    return Libc.check(
        () -> Libc.C.open(file.toString(), flags | OpenFlags.O_CLOEXEC.intValue(), mode));
  }

  /** Copies a descriptor to a number that is free, close-on-exec. */
  public static int copy(int fd, int to) {
    if (isOpen(to)) {
      throw new AssertionError("the test wants number " + to + ", but it is taken");
    }
    Libc.check(() -> Libc.C.dup2(fd, to));
    setCloseOnExec(to, true);
    return to;
  }

  /** Closes. */
  public static void close(int fd) {
    Libc.check(() -> Libc.C.close(fd));
  }

  /** How many descriptors this JVM may have. */
  public static long limit() {
    long[] limit = new long[2];
    Libc.check(() -> Libc.C.getrlimit(RLIMIT.RLIMIT_NOFILE.intValue(), limit));
    return limit[0];
  }

  /** Sets how many descriptors this JVM may have. */
  public static void setLimit(long soft) {
    long[] limit = new long[2];
    Libc.check(() -> Libc.C.getrlimit(RLIMIT.RLIMIT_NOFILE.intValue(), limit));
    limit[0] = soft;
    Libc.check(() -> Libc.C.setrlimit(RLIMIT.RLIMIT_NOFILE.intValue(), limit));
  }
}
