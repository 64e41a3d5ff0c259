package dev.procdesc.cli;

import dev.procdesc.SpawnException;

/** The report of an error to the user: one line and an exit code. */
final class Failure {
  /** ENOENT has this value on every system that has a backend. */
  private static final int ENOENT = 2;

  private static volatile boolean stacktrace =
      !System.getenv().getOrDefault("PD_DEBUG", "").isEmpty();

  private Failure() {}

  /** Prints a stack trace with every error from now on. */
  static void wantStacktrace() {
    stacktrace = true;
  }

  /** Prints a message to the user. */
  static void tell(String message) {
    System.err.println("pd: " + message);
  }

  /** Prints an error to the user, in one line unless a stack trace was requested. */
  static void tell(Throwable cause) {
    tell(message(cause));
    tellStacktrace(cause);
  }

  /** Prints a stack trace, if one was requested. */
  static void tellStacktrace(Throwable cause) {
    if (stacktrace) {
      cause.printStackTrace();
    }
  }

  /** Returns the message of an error, always in one line. */
  static String message(Throwable cause) {
    String message = cause.getMessage();
    if (message == null || message.isBlank()) {
      return cause.getClass().getSimpleName();
    }
    return message.strip().replaceAll("\\s*\\R\\s*", "; ");
  }

  /** Returns the exit code of {@code pd run} if it could not run the command. */
  static int exitCode(Throwable cause) {
    if (cause instanceof SpawnException spawn && spawn.step() == SpawnException.Step.EXECUTE) {
      return spawn.errno() == ENOENT ? ExitCodes.NOT_FOUND : ExitCodes.NOT_EXECUTABLE;
    }
    return ExitCodes.FAILED;
  }
}
