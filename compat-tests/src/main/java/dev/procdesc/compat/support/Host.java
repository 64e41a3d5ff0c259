package dev.procdesc.compat.support;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntSupplier;
import jnr.constants.platform.Errno;
import jnr.posix.POSIX;
import jnr.posix.POSIXFactory;
import jnr.posix.SpawnFileAction;

/**
 * The host program, which starts, signals and waits for processes by their IDs, independently of
 * this library. It uses jnr-posix, as JRuby and other programs do.
 *
 * <p>Only tests that need such a program load this class: jnr-posix takes a third of a second to
 * start, and runs {@code freebsd-version} on FreeBSD. Other tests use {@link Libc}.
 *
 * <p>On a simulated FreeBSD the host program runs on the Linux below, as the JVM itself does.
 */
public final class Host {
  /** The calls, under their C names. */
  public static final POSIX C = POSIXFactory.getNativePOSIX();

  private Host() {}

  /**
   * Starts a program with these descriptors, and those that are not close-on-exec.
   *
   * @param command the path of the program and its arguments
   * @param environment {@code NAME=value}
   * @param descriptors the descriptors that become 0, 1, 2 and so on, with larger numbers here
   * @return its PID, which is not reused until it was reaped
   */
  static long spawn(List<String> command, List<String> environment, int... descriptors) {
    List<SpawnFileAction> actions = new ArrayList<>();
    for (int i = 0; i < descriptors.length; i++) {
      actions.add(SpawnFileAction.dup(descriptors[i], i));
    }
    long pid = C.posix_spawnp(command.get(0), actions, command, environment);
    if (pid == -1) {
      // The error is the result of posix_spawnp, which jnr-posix discards; errno need not be set.
      throw new AssertionError("posix_spawnp failed: " + command);
    }
    return pid;
  }

  /** Returns the error of the last call in this thread. */
  public static Errno errno() {
    return Errno.valueOf(C.errno());
  }

  /** Returns the result of a call that must not fail. */
  public static int check(IntSupplier call) {
    int result = call.getAsInt();
    if (result == -1) {
      throw new AssertionError("a call of the host program failed: " + errno());
    }
    return result;
  }
}
