package dev.procdesc.linux;

import dev.procdesc.Signal;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The signals of x86-64 and aarch64: asm/signal.h, asm-generic/signal.h. */
final class Signals {
  /** In the order of their numbers, from 1; 16 (SIGSTKFLT) and 30 (SIGPWR) are Linux's alone. */
  private static final List<String> NAMES = List.of(
      "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
      "PIPE", "ALRM", "TERM", "", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU",
      "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "", "SYS");

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
    throw new IllegalArgumentException("Linux has no signal " + signal.name());
  }

  /** The place of a signal in a mask. */
  static long bit(Signal signal) {
    int number = number(signal);
    if (number < 1 || number > Numbers.NSIG) {
      throw new IllegalArgumentException("Linux has no signal " + signal.name());
    }
    return 1L << (number - 1);
  }

  /** The signal of a number. */
  static Signal of(int number) {
    String name = number <= NAMES.size() ? NAMES.get(number - 1) : "";
    return Signal.of(name.isEmpty() ? "SIG" + number : name);
  }
}
