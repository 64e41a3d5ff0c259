package dev.procdesc.cli;

import java.io.FileInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Information about the terminal that needs no native code. */
final class Terminal {
  private Terminal() {}

  /**
   * Returns whether this process is in the foreground of a terminal, whose ^C then goes to it and
   * to every other process of its group. Checked at each signal, because a shell may move a job
   * between foreground and background at any time.
   */
  static boolean inForeground() {
    try {
      return inForeground(
          Files.readString(Path.of("/proc/self/stat"), StandardCharsets.ISO_8859_1));
    } catch (IOException e) {
      // This system has no such file: assume that a process with a terminal is in the foreground.
      try (FileInputStream terminal = new FileInputStream("/dev/tty")) {
        return terminal.getFD().valid();
      } catch (IOException noTerminal) {
        return false;
      }
    }
  }

  /**
   * Parses the format of proc_pid_stat(5): after the name in parentheses, state ppid pgrp session
   * tty tpgid.
   */
  static boolean inForeground(String stat) {
    String[] fields = stat.substring(stat.lastIndexOf(')') + 1).trim().split(" ", 7);
    return fields.length > 5 && !fields[4].equals("0") && fields[2].equals(fields[5]);
  }
}
