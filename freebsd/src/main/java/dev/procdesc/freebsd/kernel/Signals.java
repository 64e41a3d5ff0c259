package dev.procdesc.freebsd.kernel;

import dev.procdesc.Signal;
import dev.procdesc.posix.ffi.NativeArena;
import dev.procdesc.posix.process.SignalNames;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/** The signals of FreeBSD: sys/signal.h. */
public final class Signals {
  /**
   * The names in the order of their numbers, from 1; 7 (SIGEMT) and 29 (SIGINFO) exist on the BSDs
   * only.
   */
  private static final List<String> NAMES = List.of(
      "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "", "FPE", "KILL", "BUS", "SEGV", "SYS", "PIPE",
      "ALRM", "TERM", "URG", "STOP", "TSTP", "CONT", "CHLD", "TTIN", "TTOU", "IO", "XCPU", "XFSZ",
      "VTALRM", "PROF", "WINCH", "", "USR1", "USR2");

  public static final SignalNames SIGNALS = new SignalNames(
      "FreeBSD",
      Numbers.NSIG,
      NAMES,
      Map.of("EMT", Numbers.SIGEMT, "INFO", Numbers.SIGINFO),
      Numbers.SIGRTMIN,
      Numbers.SIGRTMAX);

  private Signals() {}

  /** Returns the number of a named or numbered signal. */
  public static int number(Signal signal) {
    return SIGNALS.number(signal);
  }

  /** Returns the number of a signal that can be ignored. */
  public static int ignorable(Signal signal) {
    return SIGNALS.ignorable(signal);
  }

  /** Returns the address of a signal mask: {@code sigset_t}, 128 bits. */
  public static long mask(NativeArena arena, Collection<Signal> signals) {
    long[] words = new long[Numbers.SIGSET_SIZE / Long.BYTES];
    for (Signal signal : signals) {
      int place = SIGNALS.existing(signal) - 1;
      words[place / Long.SIZE] |= 1L << (place % Long.SIZE);
    }
    return arena.words(words);
  }

  /** Returns the signal with a number. */
  public static Signal of(int number) {
    return SIGNALS.of(number);
  }
}
