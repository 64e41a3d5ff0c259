package dev.procdesc;

import java.util.Objects;

/**
 * The exit status of a process, exactly as the kernel reports it.
 *
 * <p>Once a process has ended, every waiter gets an equal value, at any later time and from any
 * thread. {@link #shellCode()} is the number that a shell uses for it.
 *
 * @see <a href="https://man7.org/linux/man-pages/man2/waitid.2.html">waitid(2), Linux</a>
 * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=wait&amp;sektion=2">wait(2), FreeBSD</a>
 */
public sealed interface ExitStatus {

  /**
   * Returns whether the process called {@code exit} with code 0.
   *
   * @return true for {@code Exited(0)} only
   */
  default boolean isSuccess() {
    return this instanceof Exited exited && exited.code() == 0;
  }

  /**
   * Returns the number that a shell shows in {@code $?}: the exit code, or 128 plus the number that
   * the signal has on this system.
   *
   * @return 0 to 255
   * @throws IllegalStateException if the status is {@link Unknown}
   */
  int shellCode();

  /**
   * The status of a process that called {@code exit}.
   *
   * @param code 0 to 255, the low eight bits of the argument of {@code exit}
   */
  record Exited(int code) implements ExitStatus {
    /**
     * Checks the range.
     *
     * @param code 0 to 255, see {@link #code()}
     * @throws IllegalArgumentException if the code is out of range
     */
    public Exited {
      if (code < 0 || code > 255) {
        throw new IllegalArgumentException("an exit code must be 0 to 255, not " + code);
      }
    }

    @Override
    public int shellCode() {
      return code;
    }
  }

  /**
   * The status of a process that a signal ended.
   *
   * @param signal the signal
   * @param coreDumped true if the kernel wrote a core image
   */
  record Signaled(Signal signal, boolean coreDumped) implements ExitStatus {
    /**
     * Checks for null.
     *
     * @param signal see {@link #signal()}
     * @param coreDumped see {@link #coreDumped()}
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
   * The status of a process that has ended in a way that the kernel does not report to this holder.
   * On Linux before 6.15 this is the case if the holder is not the parent, or if other code in the
   * parent took the status first ({@code waitpid(-1)}, {@code SIGCHLD} ignored). On every Linux it
   * is the case if the process is in a PID namespace that this JVM cannot see, on FreeBSD if the
   * kernel killed a process of another user at its close.
   *
   * @param reason the reason, as text for a log
   */
  record Unknown(String reason) implements ExitStatus {
    /**
     * Checks for null.
     *
     * @param reason see {@link #reason()}
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
