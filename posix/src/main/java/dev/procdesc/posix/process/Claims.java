package dev.procdesc.posix.process;

import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.io.OwnedDescriptor;
import java.util.ArrayList;
import java.util.List;

/**
 * Descriptors that are being taken over. Each number is claimed before it is examined, so that only
 * one of several callers gets it. Unless all are kept, all are given back, open as they were.
 */
public final class Claims implements AutoCloseable {
  private final List<OwnedDescriptor> claimed = new ArrayList<>(2);
  private final String hint;
  private boolean kept;

  /**
   * Creates an empty set of claims.
   *
   * @param hint what the error for a number that is not open adds; empty for nothing
   */
  public Claims(String hint) {
    this.hint = hint;
  }

  /**
   * Claims a number.
   *
   * @throws ProcessDescriptorException EBADF if it is not open
   * @throws IllegalStateException if an object of this library owns it
   */
  public OwnedDescriptor claim(int fd, String what) throws ProcessDescriptorException {
    // A number that is not open is not claimed: another thread may open it for the library.
    flags(fd, hint);
    OwnedDescriptor claim = OwnedDescriptor.claim(fd, what);
    claimed.add(claim);
    return claim;
  }

  /**
   * Returns whether a descriptor is close-on-exec.
   *
   * @throws ProcessDescriptorException EBADF if it is not open
   */
  static boolean isCloseOnExec(int fd) throws ProcessDescriptorException {
    return (flags(fd, "") & PosixNumbers.FD_CLOEXEC) != 0;
  }

  private static int flags(int fd, String hint) throws ProcessDescriptorException {
    return check("fcntl(F_GETFD)", fd, LibC.fcntl(fd, PosixNumbers.F_GETFD, 0), hint);
  }

  /** Makes a descriptor close-on-exec. */
  public static void closeOnExec(int fd) throws ProcessDescriptorException {
    int outcome = LibC.fcntl(fd, PosixNumbers.F_SETFD, PosixNumbers.FD_CLOEXEC);
    check("fcntl(F_SETFD)", fd, outcome, "");
  }

  private static int check(String operation, int fd, int outcome, String hint)
      throws ProcessDescriptorException {
    if (outcome < 0) {
      throw Errors.failed(operation, "descriptor " + fd, outcome, hint);
    }
    return outcome;
  }

  /** Keeps the descriptors, which now belong to objects of the application. */
  public void keep() {
    kept = true;
  }

  @Override
  public void close() {
    if (!kept) {
      claimed.forEach(OwnedDescriptor::disown);
    }
  }
}
