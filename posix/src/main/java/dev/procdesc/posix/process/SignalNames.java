package dev.procdesc.posix.process;

import dev.procdesc.Signal;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The signals of a system, by name and by number. */
public final class SignalNames {
  private final String system;
  private final int last;
  private final List<String> names;
  private final Map<Signal, Integer> numbers = new HashMap<>();

  /**
   * Creates the table of a system's signals.
   *
   * @param last the largest signal number
   * @param names the names in the order of their numbers, from 1; empty where the name exists on
   *     this system only
   */
  public SignalNames(String system, int last, List<String> names) {
    this.system = system;
    this.last = last;
    this.names = List.copyOf(names);
    for (int i = 0; i < names.size(); i++) {
      if (!names.get(i).isEmpty()) {
        numbers.put(Signal.of(names.get(i)), i + 1);
      }
    }
  }

  /** Returns the number of a named or numbered signal, which this system need not have. */
  public int number(Signal signal) {
    Integer number = numbers.get(signal);
    if (number != null) {
      return number;
    }
    String digits = signal.name().substring("SIG".length());
    if (digits.chars().allMatch(Character::isDigit)) {
      return Integer.parseInt(digits);
    }
    throw unknown(signal);
  }

  /**
   * Returns the number of a signal that this system must have, because the number is used in a
   * mask.
   */
  public int existing(Signal signal) {
    int number = number(signal);
    if (number < 1 || number > last) {
      throw unknown(signal);
    }
    return number;
  }

  private IllegalArgumentException unknown(Signal signal) {
    return new IllegalArgumentException(system + " has no signal " + signal.name());
  }

  /** Returns the signal with a number. */
  public Signal of(int number) {
    String name = number <= names.size() ? names.get(number - 1) : "";
    return Signal.of(name.isEmpty() ? "SIG" + number : name);
  }
}
