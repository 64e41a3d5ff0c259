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
   * The signals of a system.
   *
   * @param last the largest number of a signal
   * @param names in the order of their numbers, from 1; empty where only this system has a name
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

  /** The number of a named or numbered signal, which need not be one of this system's. */
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

  /** The number of a signal that must be one of this system's, because it has a place in a mask. */
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

  /** The signal of a number. */
  public Signal of(int number) {
    String name = number <= names.size() ? names.get(number - 1) : "";
    return Signal.of(name.isEmpty() ? "SIG" + number : name);
  }
}
