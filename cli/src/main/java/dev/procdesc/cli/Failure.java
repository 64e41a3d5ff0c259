package dev.procdesc.cli;

import dev.procdesc.SpawnException;

/** What an error is to the user: one line and a number. */
final class Failure {
  /** ENOENT has this number on every system that has a backend. */
  private static final int ENOENT = 2;

  private static volatile boolean stacktrace =
      !System.getenv().getOrDefault("PD_DEBUG", "").isEmpty();

  private Failure() {}

  /** From now on, errors are told with where they come from. */
  static void wantStacktrace() {
    stacktrace = true;
  }

  /** Tells the user. */
  static void tell(String message) {
    System.err.println("pd: " + message);
  }

  /** Tells the user, in one line unless more was asked for. */
  static void tell(Throwable cause) {
    tell(message(cause));
    if (stacktrace) {
      cause.printStackTrace();
    }
  }

  /** Never more than one line. */
  static String message(Throwable cause) {
    String message = cause.getMessage();
    if (message == null || message.isBlank()) {
      return cause.getClass().getSimpleName();
    }
    return message.strip().replaceAll("\\s*\\R\\s*", "; ");
  }

  /** What {@code pd run} ends with if it could not run the command. */
  static int exitCode(Throwable cause) {
    if (cause instanceof SpawnException spawn && spawn.step() == SpawnException.Step.EXECUTE) {
      return spawn.errno() == ENOENT ? ExitCodes.NOT_FOUND : ExitCodes.NOT_EXECUTABLE;
    }
    return ExitCodes.FAILED;
  }
}
