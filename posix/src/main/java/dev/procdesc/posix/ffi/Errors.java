package dev.procdesc.posix.ffi;

import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.SpawnException;
import jnr.constants.platform.Errno;

/** Converts error numbers into exceptions. */
public final class Errors {
  private Errors() {}

  /**
   * Returns the exception for a failed call.
   *
   * @param outcome the result of the call, {@code -errno}
   */
  public static ProcessDescriptorException failed(String operation, Object subject, long outcome) {
    return failed(operation, subject, outcome, "");
  }

  /**
   * Returns the exception for a failed call, with a hint about its cause.
   *
   * @param outcome the result of the call, {@code -errno}
   * @param hint follows the description of the error; may be empty
   */
  public static ProcessDescriptorException failed(
      String operation, Object subject, long outcome, String hint) {
    int errno = Math.toIntExact(-outcome);
    return new ProcessDescriptorException(
        operation, String.valueOf(subject), errno, describe(errno, hint));
  }

  /**
   * Returns the exception for a failed step of a spawn.
   *
   * @param outcome the result of the call, {@code -errno}
   * @param hint follows the description of the error; may be empty
   */
  public static SpawnException spawn(
      SpawnException.Step step, String operation, Object subject, long outcome, String hint) {
    int errno = Math.toIntExact(-outcome);
    return new SpawnException(
        step, operation, String.valueOf(subject), errno, describe(errno, hint));
  }

  private static String describe(int errno, String hint) {
    return describe(errno) + (hint.isEmpty() ? "" : "; " + hint);
  }

  /** Returns a description such as {@code ENOENT (2): No such file or directory}. */
  public static String describe(int errno) {
    Errno known = Errno.valueOf(errno);
    return known == Errno.__UNKNOWN_CONSTANT__
        ? "errno " + errno
        : known.name() + " (" + errno + "): " + known.description();
  }
}
