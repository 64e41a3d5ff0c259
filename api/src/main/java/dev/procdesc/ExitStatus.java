package dev.procdesc;

import java.util.Objects;

/**
 * How a process ended: exactly what the kernel says, never a guess.
 *
 * <p>Once a process has ended, every waiter gets an equal value, however late and from whatever
 * thread. A shell's number for it is {@link #shellCode()}.
 *
 * @see <a href="https://man7.org/linux/man-pages/man2/waitid.2.html">waitid(2), Linux</a>
 * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=wait&amp;sektion=2">wait(2), FreeBSD</a>
 */
public sealed interface ExitStatus {

  /**
   * Whether the process called {@code exit} with code 0.
   *
   * @return true for {@code Exited(0)} only
   */
  default boolean isSuccess() {
    return this instanceof Exited exited && exited.code() == 0;
  }

  /**
   * The number that a shell shows in {@code $?}: the exit code, or 128 plus the signal's number on
   * this system.
   *
   * @return 0 to 255
   * @throws IllegalStateException if the status is {@link Unknown}
   */
  int shellCode();

  /**
   * The process called {@code exit}.
   *
   * @param code 0 to 255, the low eight bits of what it passed
   */
  record Exited(int code) implements ExitStatus {
    /**
     * Checks the range.
     *
     * @param code 0 to 255, the low eight bits of what it passed
     * @throws IllegalArgumentException if the code is not 0 to 255
     */
    public Exited {
      if (code < 0 || code > 255) {
        throw new IllegalArgumentException("an exit code is 0 to 255, not " + code);
      }
    }

    @Override
    public int shellCode() {
      return code;
    }
  }

  /**
   * A signal ended the process.
   *
   * @param signal the signal
   * @param coreDumped whether the kernel wrote a core image
   */
  record Signaled(Signal signal, boolean coreDumped) implements ExitStatus {
    /**
     * Checks for null.
     *
     * @param signal the signal
     * @param coreDumped whether the kernel wrote a core image
     */
    public Signaled {
      Objects.requireNonNull(signal, "signal");
    }

    @Override
    public int shellCode() {
      return 128 + signal.number();
    }
  }

  /**
   * The process has ended, and the kernel does not tell this holder how. On Linux before 6.15 that
   * is so when the holder is not the parent, or when other code in the parent took the status first
   * ({@code waitpid(-1)}, {@code SIGCHLD} ignored). It does not happen on FreeBSD.
   *
   * @param reason why, in words for a log
   */
  record Unknown(String reason) implements ExitStatus {
    /**
     * Checks for null.
     *
     * @param reason why, in words for a log
     */
    public Unknown {
      Objects.requireNonNull(reason, "reason");
    }

    @Override
    public int shellCode() {
      throw new IllegalStateException("the exit status is unknown: " + reason);
    }
  }
}
