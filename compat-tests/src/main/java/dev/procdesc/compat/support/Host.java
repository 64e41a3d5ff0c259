package dev.procdesc.compat.support;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntSupplier;
import jnr.constants.platform.Errno;
import jnr.posix.POSIX;
import jnr.posix.POSIXFactory;
import jnr.posix.SpawnFileAction;

/**
 * The host program: it starts, signals and waits for processes by their IDs, and knows nothing of
 * this library. It does so through jnr-posix, as JRuby and other programs do.
 *
 * <p>Only the tests that play such a program load this class: jnr-posix takes a third of a second
 * to start, and on FreeBSD it runs {@code freebsd-version} then. {@link Libc} serves the others.
 *
 * <p>On a simulated FreeBSD the host program is one of the Linux below, as the JVM itself is.
 */
public final class Host {
  /** The calls, under their C names. */
  public static final POSIX C = POSIXFactory.getNativePOSIX();

  private Host() {}

  /**
   * Starts a program with exactly these descriptors, and those that are not close-on-exec.
   *
   * @param command the path of the program, and its arguments
   * @param environment {@code NAME=value}
   * @param descriptors those that it gets as 0, 1, 2 and so on; none has such a number itself
   * @return its PID, which no other process gets until it is waited for
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

  /** The error of the last call in this thread. */
  public static Errno errno() {
    return Errno.valueOf(C.errno());
  }

  /** The result of a call that must not fail. */
  public static int check(IntSupplier call) {
    int result = call.getAsInt();
    if (result == -1) {
      throw new AssertionError("a call of the host program failed: " + errno());
    }
    return result;
  }
}
