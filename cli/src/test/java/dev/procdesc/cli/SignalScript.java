package dev.procdesc.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** A command that reports the signals that it gets, and helpers that send them. */
final class SignalScript {
  /**
   * Prints the name of each signal, and ends at USR2. It does not read: a shell may enter the read
   * after a signal came, and handle it only after the read.
   */
  static final String REPORTER =
      "for s in HUP INT TERM USR1 ALRM CONT; do trap \"echo $s\" $s; done;"
          + " trap 'echo USR2; exit 0' USR2; echo ready; while :; do :; done";

  private SignalScript() {}

  /** Sends a signal to processes, one after the other; a negative number is a process group. */
  static void kill(String signal, long... pids) throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(List.of("sh", "-c", "kill \"$@\"", "sh", "-s", signal, "--"));
    for (long pid : pids) {
      command.add(Long.toString(pid));
    }
    assertEquals(0, new ProcessBuilder(command).inheritIO().start().waitFor());
  }

  /**
   * Returns the process ID of the JVM of pd, below the program that was started or that program.
   */
  static long pd(Pd started) {
    try (Stream<ProcessHandle> all =
        Stream.concat(Stream.of(started.handle()), started.handle().descendants())) {
      return all.filter(process ->
              process.info().command().map(path -> path.endsWith("/java")).orElse(false))
          .findFirst()
          .orElseThrow()
          .pid();
    }
  }

  /** Waits until the command is ready and pd forwards. */
  static void awaitReady(Pd pd) throws IOException, InterruptedException {
    pd.await("ready");
    kill("USR1", pd(pd));
    pd.await("USR1");
  }

  static List<String> lines(Path file) {
    try {
      return Files.exists(file) ? Files.readAllLines(file) : List.of();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
