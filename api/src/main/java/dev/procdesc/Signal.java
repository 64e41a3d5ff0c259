package dev.procdesc;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;

/**
 * A signal, identified by its portable name. Its number depends on the system ({@code SIGUSR1} is
 * 10 on Linux and 30 on FreeBSD) and is available from the running {@link Platform} only.
 *
 * <p>Signals without a portable name, such as the real-time signals, are named by number:
 * {@code SIG34}. Compare signals with {@code equals}, which compares the names; a signal that is
 * reported by the system has its portable name or its number, never another name. So compare a
 * reported signal with {@code Signal.ofNumber(Signal.of("RTMIN+3").number())}.
 *
 * @see <a href="https://man7.org/linux/man-pages/man7/signal.7.html">signal(7), Linux</a>
 * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=signal&amp;sektion=3">signal(3),
 *     FreeBSD</a>
 */
public final class Signal {
  /** The names that are not in {@link #STANDARD}; compiled at the first use of such a name. */
  private static final class Patterns {
    static final Pattern NUMBERED = Pattern.compile("SIG([1-9][0-9]{0,8})");

    /** Names that one system has, and real-time signals relative to the first or last one. */
    static final Pattern OF_A_SYSTEM =
        Pattern.compile("SIG(PWR|STKFLT|EMT|INFO|RTMIN(\\+[1-9][0-9]?)?|RTMAX(-[1-9][0-9]?)?)");

    private Patterns() {}
  }

  /** Other names of portable signals. */
  private static final Map<String, String> ALIASES =
      Map.of("SIGPOLL", "SIGIO", "SIGCLD", "SIGCHLD", "SIGIOT", "SIGABRT");

  private static final Map<String, Signal> STANDARD = new LinkedHashMap<>();

  /** Terminal hang-up. */
  public static final Signal HUP = standard("SIGHUP");

  /** Interrupt from the terminal. */
  public static final Signal INT = standard("SIGINT");

  /** Quit from the terminal; dumps core. */
  public static final Signal QUIT = standard("SIGQUIT");

  /** Illegal instruction. */
  public static final Signal ILL = standard("SIGILL");

  /** Trace trap. */
  public static final Signal TRAP = standard("SIGTRAP");

  /** Abort. */
  public static final Signal ABRT = standard("SIGABRT");

  /** Bus error. */
  public static final Signal BUS = standard("SIGBUS");

  /** Arithmetic error. */
  public static final Signal FPE = standard("SIGFPE");

  /** Kill; cannot be caught, blocked or ignored. */
  public static final Signal KILL = standard("SIGKILL");

  /** First signal for use by programs. */
  public static final Signal USR1 = standard("SIGUSR1");

  /** Invalid memory reference. */
  public static final Signal SEGV = standard("SIGSEGV");

  /** Second signal for use by programs. */
  public static final Signal USR2 = standard("SIGUSR2");

  /** Write to a pipe without readers. */
  public static final Signal PIPE = standard("SIGPIPE");

  /** Timer of {@code alarm}. */
  public static final Signal ALRM = standard("SIGALRM");

  /** Termination request. */
  public static final Signal TERM = standard("SIGTERM");

  /** A child stopped, continued or ended. */
  public static final Signal CHLD = standard("SIGCHLD");

  /** Continue if stopped. */
  public static final Signal CONT = standard("SIGCONT");

  /** Stop; cannot be caught, blocked or ignored. */
  public static final Signal STOP = standard("SIGSTOP");

  /** Stop from the terminal. */
  public static final Signal TSTP = standard("SIGTSTP");

  /** A background process read from its terminal. */
  public static final Signal TTIN = standard("SIGTTIN");

  /** A background process wrote to its terminal. */
  public static final Signal TTOU = standard("SIGTTOU");

  /** Urgent data on a socket. */
  public static final Signal URG = standard("SIGURG");

  /** CPU time limit exceeded. */
  public static final Signal XCPU = standard("SIGXCPU");

  /** File size limit exceeded. */
  public static final Signal XFSZ = standard("SIGXFSZ");

  /** Virtual timer. */
  public static final Signal VTALRM = standard("SIGVTALRM");

  /** Profiling timer. */
  public static final Signal PROF = standard("SIGPROF");

  /** The terminal's size changed. */
  public static final Signal WINCH = standard("SIGWINCH");

  /** Input or output is possible. */
  public static final Signal IO = standard("SIGIO");

  /** Bad system call; also sent by a seccomp filter. */
  public static final Signal SYS = standard("SIGSYS");

  private final String name;

  private Signal(String name) {
    this.name = name;
  }

  private static Signal standard(String name) {
    Signal signal = new Signal(name);
    STANDARD.put(name, signal);
    return signal;
  }

  /**
   * Returns the signal with a name.
   *
   * @param name {@code TERM}, {@code SIGTERM} or {@code SIG34}, in any case; the older names
   *     {@code POLL}, {@code CLD} and {@code IOT}; or a name that only some systems have:
   *     {@code PWR} and {@code STKFLT} on Linux, {@code EMT} and {@code INFO} on FreeBSD,
   *     {@code RTMIN}, {@code RTMIN+n}, {@code RTMAX} and {@code RTMAX-n}
   * @return the signal; its {@link #number()} is an error on a system without that signal
   * @throws IllegalArgumentException if no signal has that name
   */
  public static Signal of(String name) {
    String upper = Objects.requireNonNull(name, "name").toUpperCase(Locale.ROOT);
    String given = upper.startsWith("SIG") ? upper : "SIG" + upper;
    String full = ALIASES.getOrDefault(given, given);
    Signal signal = STANDARD.get(full);
    if (signal != null) {
      return signal;
    }
    if (Patterns.NUMBERED.matcher(full).matches()
        || Patterns.OF_A_SYSTEM.matcher(full).matches()) {
      return new Signal(full);
    }
    throw new IllegalArgumentException("no such signal: " + name);
  }

  /**
   * Returns the signal with a number on this system.
   *
   * @param number the number, positive
   * @return the named signal if this system gives the number a portable name, else {@code SIGn}
   * @throws IllegalArgumentException if the number is not positive
   */
  public static Signal ofNumber(int number) {
    if (number < 1) {
      throw new IllegalArgumentException("a signal number must be positive, not " + number);
    }
    return Platform.current().backend().signal(number);
  }

  /**
   * Returns the signals that have a portable name.
   *
   * @return an unmodifiable collection, in the order of this class
   */
  public static Collection<Signal> standard() {
    return List.copyOf(STANDARD.values());
  }

  /**
   * Returns the full name, with {@code SIG}.
   *
   * @return the name, such as {@code SIGTERM}
   */
  public String name() {
    return name;
  }

  /**
   * Returns the number on the running system.
   *
   * @return a positive number
   * @throws IllegalArgumentException if this system has no such signal
   */
  public int number() {
    var numbered = Patterns.NUMBERED.matcher(name);
    return numbered.matches()
        ? Integer.parseInt(numbered.group(1))
        : Platform.current().backend().signalNumber(this);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Signal signal && signal.name.equals(name);
  }

  @Override
  public int hashCode() {
    return name.hashCode();
  }

  @Override
  public String toString() {
    return name;
  }
}
