package dev.procdesc.cli;

/** What {@code pd} itself ends with, where the number is not the command's own. */
final class ExitCodes {
  /** All is well. */
  static final int OK = 0;

  /** {@code pd doctor}: the library does not work here. */
  static final int UNHEALTHY = 1;

  /** A mistake on the command line: EX_USAGE of sysexits(3), which hardly a command uses. */
  static final int USAGE = 64;

  /** The command was still running when its time was up, as timeout(1) says it. */
  static final int TIMED_OUT = 124;

  /** {@code pd run} itself failed, as env(1), nohup(1) and timeout(1) say it. */
  static final int FAILED = 125;

  /** The command was found and cannot be executed, as a shell says it. */
  static final int NOT_EXECUTABLE = 126;

  /** The command was not found, as a shell says it. */
  static final int NOT_FOUND = 127;

  private ExitCodes() {}
}
