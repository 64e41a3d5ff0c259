package dev.procdesc.cli;

/** The exit codes of {@code pd} itself, in contrast to those of the command. */
final class ExitCodes {
  /** Success. */
  static final int OK = 0;

  /** The library does not work on this system, from {@code pd doctor}. */
  static final int UNHEALTHY = 1;

  /** A usage error on the command line: EX_USAGE of sysexits(3), which few commands return. */
  static final int USAGE = 64;

  /** A descriptor-only mode would refuse something, from {@code pd sandbox-check}. */
  static final int REFUSED = 123;

  /** The command was still running when its time limit expired, as from timeout(1). */
  static final int TIMED_OUT = 124;

  /** A failure of {@code pd run} itself, as from env(1), nohup(1) and timeout(1). */
  static final int FAILED = 125;

  /** The command was found but cannot be executed, as from a shell. */
  static final int NOT_EXECUTABLE = 126;

  /** The command was not found, as from a shell. */
  static final int NOT_FOUND = 127;

  private ExitCodes() {}
}
