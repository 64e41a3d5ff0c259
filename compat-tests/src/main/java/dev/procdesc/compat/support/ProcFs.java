package dev.procdesc.compat.support;

import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.procdesc.Resource;
import dev.procdesc.Signal;
import dev.procdesc.compat.Requires;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Reads files of {@code /proc}, for tests that have required it. */
public final class ProcFs {
  private ProcFs() {}

  /** Requires a status of a process in Linux's form; FreeBSD's procfs has another file there. */
  public static void requireStatus() throws IOException {
    Path path = Path.of("/proc/self/status");
    Requires.that(
        Files.exists(path) && !field(Files.readString(path), "SigBlk").isEmpty(), path.toString());
  }

  /** Requires, and returns, the IDs of the threads of this JVM other than the first one. */
  public static List<Long> otherThreads() throws IOException {
    Path threads = Path.of("/proc/self/task");
    Requires.file(threads.toString());
    long self = ProcessHandle.current().pid();
    try (Stream<Path> all = Files.list(threads)) {
      List<Long> others = all.map(path -> Long.valueOf(path.getFileName().toString()))
          .filter(id -> id != self)
          .toList();
      assertFalse(others.isEmpty(), "a JVM has many threads");
      return others;
    }
  }

  /** Returns a field of this thread's status. */
  public static String threadStatus(String name) throws IOException {
    return field(Files.readString(Path.of("/proc/thread-self/status")), name);
  }

  /** Returns a field of a status. */
  public static String field(String status, String name) {
    return status
        .lines()
        .filter(line -> line.startsWith(name + ":"))
        .map(line -> line.substring(name.length() + 1).strip())
        .findFirst()
        .orElse("");
  }

  /** Returns a set of signals of a status. */
  public static long mask(String status, String name) {
    return Long.parseUnsignedLong(field(status, name), 16);
  }

  /** Returns the bit of a signal in such a set, by the number of the real kernel. */
  public static long bit(Signal signal) {
    return 1L << (jnr.constants.platform.Signal.valueOf(signal.name()).intValue() - 1);
  }

  /** Returns a hard limit of {@code /proc/PID/limits}. */
  public static long hardLimit(String limits, Resource resource) {
    String name = switch (resource) {
      case CPU_SECONDS -> "Max cpu time";
      case FILE_SIZE -> "Max file size";
      case DATA -> "Max data size";
      case STACK -> "Max stack size";
      case CORE -> "Max core file size";
      case ADDRESS_SPACE -> "Max address space";
      case OPEN_FILES -> "Max open files";
      case PROCESSES -> "Max processes";
      case LOCKED_MEMORY -> "Max locked memory";
    };
    String hard = limits
        .lines()
        .filter(line -> line.startsWith(name))
        .map(line -> line.substring(name.length()).strip().split(" +", -1)[1])
        .findFirst()
        .orElseThrow();
    return hard.equals("unlimited") ? Long.MAX_VALUE : Long.parseLong(hard);
  }
}
