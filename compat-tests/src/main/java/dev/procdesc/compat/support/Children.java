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

/** The children of this JVM, including zombies and those that the library did not start. */
public final class Children {
  /** True if the system reports which children are zombies. */
  public static final boolean STATES = Files.exists(Path.of("/proc/self/stat"));

  private Children() {}

  /** Returns the children by PID, with their names and states where the system reports them. */
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
      return ""; // It was reaped since the directory was read.
    }
  }

  /** Returns whether a process with a PID exists, as a zombie perhaps, with any parent. */
  public static boolean isThere(long pid) {
    if (STATES) {
      // Preferred to kill, which filters refuse.
      return Files.exists(Path.of("/proc", Long.toString(pid)));
    }
    int outcome = Host.C.kill(pid, 0);
    assertTrue(
        outcome == 0 || Host.errno() == Errno.ESRCH, () -> "kill(" + pid + ", 0): " + Host.errno());
    return outcome == 0;
  }

  /**
   * Returns the state of a process: {@code R}, {@code S}, {@code T} (stopped), {@code Z}; empty if
   * it was reaped.
   */
  public static String state(long pid) {
    String stat = stat(Path.of("/proc", Long.toString(pid)));
    return stat.isEmpty() ? "" : stat.substring(stat.lastIndexOf(')') + 2).substring(0, 1);
  }
}
