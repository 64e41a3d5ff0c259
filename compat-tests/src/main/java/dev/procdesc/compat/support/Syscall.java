package dev.procdesc.compat.support;

import dev.procdesc.compat.MissingCondition;
import java.util.Arrays;

/**
 * The {@code syscall} function of Linux, for the system calls that the C library has no function
 * for, or only a recent one. On other systems and architectures a test that needs it is skipped.
 */
final class Syscall {
  private static final Functions FUNCTIONS = Libc.load(Functions.class);

  private Syscall() {}

  /** The function, under its C name. */
  public interface Functions {
    /** {@code long syscall(long, …)}. */
    long syscall(long number, long a, long b, long c, long d, long e, long f);
  }

  /** Returns the number of a system call that has the same one on every architecture. */
  static int number(int everywhere) {
    if (!System.getProperty("os.name").equals("Linux")) {
      throw new MissingCondition("Linux");
    }
    return everywhere;
  }

  /**
   * Returns the number of a system call on this machine.
   *
   * @param amd64 the number on x86-64
   * @param aarch64 the number on aarch64
   */
  static int number(int amd64, int aarch64) {
    return switch (System.getProperty("os.name") + " " + System.getProperty("os.arch")) {
      case "Linux amd64" -> amd64;
      case "Linux aarch64" -> aarch64;
      default -> throw new MissingCondition("Linux on x86-64 or aarch64");
    };
  }

  /** Makes a system call with up to six arguments; returns -1 and sets errno if it fails. */
  static long call(int number, long... arguments) {
    // Always seven parameters: with six, jffi 1.4 passes garbage as the last one on x86-64.
    long[] all = Arrays.copyOf(arguments, 6);
    return FUNCTIONS.syscall(number, all[0], all[1], all[2], all[3], all[4], all[5]);
  }
}
