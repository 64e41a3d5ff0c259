package dev.procdesc.linux.kernel;

import dev.procdesc.Signal;
import dev.procdesc.posix.process.SignalNames;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/** The signals of x86-64 and aarch64: asm/signal.h, asm-generic/signal.h. */
public final class Signals {
  /**
   * The names in the order of their numbers, from 1; 16 (SIGSTKFLT) and 30 (SIGPWR) exist on Linux
   * only.
   */
  private static final List<String> NAMES = List.of(
      "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
      "PIPE", "ALRM", "TERM", "", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU",
      "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "", "SYS");

  public static final SignalNames SIGNALS = new SignalNames(
      "Linux",
      Numbers.NSIG,
      NAMES,
      Map.of("STKFLT", Numbers.SIGSTKFLT, "PWR", Numbers.SIGPWR),
      Numbers.SIGRTMIN,
      Numbers.NSIG);

  private Signals() {}

  /** Returns the number of a named or numbered signal. */
  public static int number(Signal signal) {
    return SIGNALS.number(signal);
  }

  /** Returns the number of a signal that can be ignored. */
  public static int ignorable(Signal signal) {
    return SIGNALS.ignorable(signal);
  }

  /** Returns a signal mask: the kernel's {@code sigset_t}, 64 bits. */
  public static long mask(Collection<Signal> signals) {
    long mask = 0;
    for (Signal signal : signals) {
      mask |= 1L << (SIGNALS.existing(signal) - 1);
    }
    return mask;
  }

  /** Returns the signal with a number. */
  public static Signal of(int number) {
    return SIGNALS.of(number);
  }
}
