package dev.procdesc.posix.ffi;

import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.SpawnException;
import jnr.constants.platform.Errno;

/** Error numbers as exceptions. */
public final class Errors {
  private Errors() {}

  /** The exception of a failed call. */
  public static ProcessDescriptorException failed(String operation, Object subject, long outcome) {
    return failed(operation, subject, outcome, "");
  }

  /** The exception of a failed call, with what there is to know about it. */
  public static ProcessDescriptorException failed(
      String operation, Object subject, long outcome, String hint) {
    int errno = Math.toIntExact(-outcome);
    return new ProcessDescriptorException(
        operation, String.valueOf(subject), errno, describe(errno, hint));
  }

  /** The exception of a failed spawn. */
  public static SpawnException spawn(
      SpawnException.Step step, String operation, Object subject, long outcome, String hint) {
    int errno = Math.toIntExact(-outcome);
    return new SpawnException(
        step, operation, String.valueOf(subject), errno, describe(errno, hint));
  }

  private static String describe(int errno, String hint) {
    return describe(errno) + (hint.isEmpty() ? "" : "; " + hint);
  }

  /** Such as {@code ENOENT (2): No such file or directory}. */
  public static String describe(int errno) {
    Errno known = Errno.valueOf(errno);
    return known == Errno.__UNKNOWN_CONSTANT__
        ? "errno " + errno
        : known.name() + " (" + errno + "): " + known.description();
  }
}
