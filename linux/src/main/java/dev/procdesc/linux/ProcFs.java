package dev.procdesc.linux;

import dev.procdesc.linux.kernel.OwnProc;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads {@code /proc}, where it is mounted, for what no system call reports. */
final class ProcFs {
  private static final Path PROC = Path.of("/proc");

  private ProcFs() {}

  /**
   * Returns whether a process group has visible members and all of them are zombies. Returns false
   * if {@code /proc} cannot be read, or numbers the processes of another PID namespace.
   */
  static boolean isGroupOfZombies(long group) {
    boolean found = false;
    try (DirectoryStream<Path> processes = Files.newDirectoryStream(PROC, "[1-9]*")) {
      if (!OwnProc.hasOwnNumbers()) {
        return false;
      }
      for (Path process : processes) {
        Stat stat = Stat.read(process);
        if (stat.group == group) {
          if (!stat.zombie) {
            return false;
          }
          found = true;
        }
      }
      return found;
    } catch (IOException | DirectoryIteratorException e) {
      return false;
    }
  }

  /**
   * The status of a process, from proc_pid_stat(5).
   *
   * @param group the number of its process group
   * @param zombie whether it has ended and was not reaped
   */
  record Stat(long group, boolean zombie) {
    /** A process that was reaped. */
    private static final Stat GONE = new Stat(0, true);

    /** Reads the status of the process that a directory of {@code /proc} describes. */
    static Stat read(Path process) {
      try {
        byte[] line = Files.readAllBytes(process.resolve("stat"));
        return parse(new String(line, StandardCharsets.ISO_8859_1));
      } catch (IOException e) {
        return GONE;
      }
    }

    /** Parses a line. The name of the program, in parentheses, may contain any character. */
    static Stat parse(String line) {
      String[] fields = line.substring(line.lastIndexOf(')') + 2).split(" ", -1);
      // The first thread of a process that runs on is a zombie too if it ended before the others.
      boolean zombie = fields[0].equals("Z") && Integer.parseInt(fields[17]) <= 1;
      return new Stat(Long.parseLong(fields[2]), zombie || fields[0].equals("X"));
    }
  }
}
