package dev.procdesc.compat.support;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import jnr.constants.platform.Errno;

/** The children of this JVM, zombies too, whoever started them. */
public final class Children {
  /** Whether the system tells which children are zombies. */
  public static final boolean STATES = Files.exists(Path.of("/proc/self/stat"));

  private Children() {}

  /** The children there are, by PID, with name and state where the system tells. */
  public static Map<Long, String> all() {
    Map<Long, String> children = new TreeMap<>();
    if (!STATES) {
      ProcessHandle.current().children().forEach(child -> children.put(child.pid(), "?"));
      return children;
    }
    String self = Long.toString(ProcessHandle.current().pid());
    try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[1-9]*")) {
      for (Path process : processes) {
        String stat = stat(process);
        // "pid (any name, even with parentheses) state parent …"
        String[] fields = stat.substring(stat.lastIndexOf(')') + 1).trim().split(" ", 3);
        if (fields.length == 3 && fields[1].equals(self)) {
          String name = stat.substring(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
          children.put(
              Long.valueOf(process.getFileName().toString()), name + ", state " + fields[0]);
        }
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return children;
  }

  private static String stat(Path process) {
    try {
      return new String(Files.readAllBytes(process.resolve("stat")), StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      return ""; // It has gone since the directory was read.
    }
  }

  /** Whether a process is there, as a zombie perhaps, whoever its parent is. */
  public static boolean isThere(long pid) {
    if (STATES) {
      // Before kill, which filters refuse.
      return Files.exists(Path.of("/proc", Long.toString(pid)));
    }
    int outcome = Host.C.kill(pid, 0);
    assertTrue(
        outcome == 0 || Host.errno() == Errno.ESRCH, () -> "kill(" + pid + ", 0): " + Host.errno());
    return outcome == 0;
  }

  /**
   * The state of a process: {@code R}, {@code S}, {@code T} (stopped), {@code Z}; empty if gone.
   */
  public static String state(long pid) {
    String stat = stat(Path.of("/proc", Long.toString(pid)));
    return stat.isEmpty() ? "" : stat.substring(stat.lastIndexOf(')') + 2).substring(0, 1);
  }
}
