package dev.procdesc.linux.kernel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;

/** Reads the entry of this JVM in {@code /proc}, where it is mounted. */
public final class OwnProc {
  private static final String PID = "Pid:";

  private OwnProc() {}

  /**
   * Returns whether {@code /proc} numbers the processes of the PID namespace of this JVM. It
   * numbers those of another one if it was mounted there.
   */
  public static boolean hasOwnNumbers() throws IOException {
    Path self = Files.readSymbolicLink(Path.of("/proc/self"));
    return self.toString().equals(Integer.toString(Syscalls.getpid()));
  }

  /**
   * Returns the name of an open file that has none in the file system, such as
   * {@code anon_inode:[eventfd]}; empty if {@code /proc} does not report it.
   */
  public static Optional<String> nameOf(int fd) {
    try {
      return Optional.of(Files.readSymbolicLink(Path.of("/proc/self/fd/" + fd)).toString());
    } catch (IOException e) {
      return Optional.empty(); // There is no /proc, or this JVM gave up names of files.
    }
  }

  /** Returns the ID of the process behind a pidfd; empty if {@code /proc} does not report it. */
  static OptionalLong pidOf(int pidfd) {
    try {
      if (!hasOwnNumbers()) {
        return OptionalLong.empty();
      }
      // 0 stands for a process that is not visible, and -1 for one that was reaped.
      return Files.readAllLines(Path.of("/proc/self/fdinfo/" + pidfd)).stream()
          .filter(line -> line.startsWith(PID))
          .mapToLong(line -> Long.parseLong(line.substring(PID.length()).strip()))
          .filter(pid -> pid > 0)
          .findFirst();
    } catch (IOException e) {
      return OptionalLong.empty(); // There is no /proc, which nothing else needs.
    }
  }
}
