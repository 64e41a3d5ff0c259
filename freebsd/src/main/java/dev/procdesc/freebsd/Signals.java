package dev.procdesc.freebsd;

import dev.procdesc.Signal;
import dev.procdesc.posix.SpawnArena;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The signals of FreeBSD: sys/signal.h. */
final class Signals {
  /** In the order of their numbers, from 1; 7 (SIGEMT) and 29 (SIGINFO) are the BSDs' alone. */
  private static final List<String> NAMES = List.of(
      "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "", "FPE", "KILL", "BUS", "SEGV", "SYS", "PIPE",
      "ALRM", "TERM", "URG", "STOP", "TSTP", "CONT", "CHLD", "TTIN", "TTOU", "IO", "XCPU", "XFSZ",
      "VTALRM", "PROF", "WINCH", "", "USR1", "USR2");

  private static final Map<Signal, Integer> NUMBERS = new HashMap<>();

  static {
    for (int i = 0; i < NAMES.size(); i++) {
      if (!NAMES.get(i).isEmpty()) {
        NUMBERS.put(Signal.of(NAMES.get(i)), i + 1);
      }
    }
  }

  private Signals() {}

  /** The number of a named or numbered signal. */
  static int number(Signal signal) {
    Integer number = NUMBERS.get(signal);
    if (number != null) {
      return number;
    }
    String digits = signal.name().substring("SIG".length());
    if (digits.chars().allMatch(Character::isDigit)) {
      return Integer.parseInt(digits);
    }
    throw new IllegalArgumentException("FreeBSD has no signal " + signal.name());
  }

  /** A mask: {@code sigset_t}, 128 bits. */
  static long mask(SpawnArena arena, Collection<Signal> signals) {
    long[] words = new long[Numbers.SIGSET_SIZE / Long.BYTES];
    for (Signal signal : signals) {
      int number = number(signal);
      if (number < 1 || number > Numbers.NSIG) {
        throw new IllegalArgumentException("FreeBSD has no signal " + signal.name());
      }
      words[(number - 1) / Long.SIZE] |= 1L << ((number - 1) % Long.SIZE);
    }
    return arena.words(words);
  }

  /** The signal of a number. */
  static Signal of(int number) {
    String name = number <= NAMES.size() ? NAMES.get(number - 1) : "";
    return Signal.of(name.isEmpty() ? "SIG" + number : name);
  }
}
