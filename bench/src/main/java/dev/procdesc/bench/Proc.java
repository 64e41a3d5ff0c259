package dev.procdesc.bench;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Facts about processes, as Linux shows them in {@code /proc}. */
final class Proc {
  private static final Path ROOT = Path.of("/proc");

  /** The status of a process after its name: the state and the PID of the parent. */
  private static final Pattern STATE_AND_PARENT = Pattern.compile("(?s).*\\) (\\S) (\\d+) .*");

  private Proc() {}

  /**
   * Returns the number of open descriptors of a process.
   *
   * @throws IOException if the process does not exist or must not be examined
   */
  static long descriptors(long pid) throws IOException {
    return count(ROOT.resolve(pid + "/fd"), "*");
  }

  /**
   * Returns the resident memory of a process in bytes.
   *
   * @throws IOException if the process does not exist
   */
  static long residentMemory(long pid) throws IOException {
    return number(ROOT.resolve(pid + "/status"), "VmRSS:\\s*(\\d+) kB")
            .orElseThrow(() -> new IOException("the process " + pid + " has no memory"))
        * 1024;
  }

  /** Returns the number of children of this process that have exited and were not reaped. */
  static long zombies() throws IOException {
    long zombies = 0;
    try (DirectoryStream<Path> processes = Files.newDirectoryStream(ROOT, "[0-9]*")) {
      for (Path process : processes) {
        if (isZombieOf(process, ProcessHandle.current().pid())) {
          zombies++;
        }
      }
    }
    return zombies;
  }

  private static boolean isZombieOf(Path process, long parent) throws IOException {
    try {
      Matcher status = STATE_AND_PARENT.matcher(Files.readString(process.resolve("stat")));
      return status.matches()
          && status.group(1).equals("Z")
          && Long.parseLong(status.group(2)) == parent;
    } catch (NoSuchFileException e) {
      // The process was reaped meanwhile.
      return false;
    } catch (IOException e) {
      if (Files.exists(process)) {
        throw e;
      }
      return false;
    }
  }

  /** Returns the maximum number of descriptors that this process may have open. */
  static OptionalLong descriptorLimit() throws IOException {
    return number(ROOT.resolve("self/limits"), "Max open files\\s+(\\d+)");
  }

  /** Returns the first line of a file that matches a pattern, as the number in its group. */
  static OptionalLong number(Path file, String pattern) throws IOException {
    Optional<String> found = find(file, pattern);
    return found.isPresent() ? OptionalLong.of(Long.parseLong(found.get())) : OptionalLong.empty();
  }

  /** Returns the first group of a pattern in a file. */
  static Optional<String> find(Path file, String pattern) throws IOException {
    // With a buffer, because a file in /proc/sys is empty after the first read.
    String text = String.join("\n", Files.readAllLines(file));
    Matcher matcher = Pattern.compile(pattern).matcher(text);
    return matcher.find() ? Optional.of(matcher.group(1)) : Optional.empty();
  }

  private static long count(Path directory, String glob) throws IOException {
    long count = 0;
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory, glob)) {
      for (Path ignored : entries) {
        count++;
      }
    }
    return count;
  }
}
