package dev.procdesc.posix.process;

import dev.procdesc.Signal;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The signals of a system, by name and by number. */
public final class SignalNames {
  private static final String RTMIN = "SIGRTMIN";
  private static final String RTMAX = "SIGRTMAX";

  private final String system;
  private final int last;
  private final List<String> names;
  private final Map<String, Integer> numbers = new HashMap<>();
  private final int rtmin;
  private final int rtmax;

  /**
   * Creates the table of a system's signals.
   *
   * @param last the largest signal number
   * @param names the names in the order of their numbers, from 1; empty where the name exists on
   *     this system only
   * @param own the numbers of the names that exist on this system only
   * @param rtmin the first real-time signal for programs
   * @param rtmax the last one
   */
  public SignalNames(
      String system, int last, List<String> names, Map<String, Integer> own, int rtmin, int rtmax) {
    this.rtmin = rtmin;
    this.rtmax = rtmax;
    for (Map.Entry<String, Integer> signal : own.entrySet()) {
      numbers.put("SIG" + signal.getKey(), signal.getValue());
    }
    this.system = system;
    this.last = last;
    this.names = List.copyOf(names);
    for (int i = 0; i < names.size(); i++) {
      if (!names.get(i).isEmpty()) {
        numbers.put("SIG" + names.get(i), i + 1);
      }
    }
  }

  /** Returns the number of a named or numbered signal, which this system need not have. */
  public int number(Signal signal) {
    Integer number = numbers.get(signal.name());
    if (number != null) {
      return number;
    }
    String digits = signal.name().substring("SIG".length());
    if (digits.chars().allMatch(Character::isDigit)) {
      return Integer.parseInt(digits);
    }
    return realTime(signal);
  }

  private int realTime(Signal signal) {
    String name = signal.name();
    int number;
    if (name.startsWith(RTMIN)) {
      number = rtmin + offset(name.substring(RTMIN.length()));
    } else if (name.startsWith(RTMAX)) {
      number = rtmax + offset(name.substring(RTMAX.length()));
    } else {
      throw unknown(signal);
    }
    if (number < rtmin || number > rtmax) {
      throw unknown(signal);
    }
    return number;
  }

  private static int offset(String signed) {
    return signed.isEmpty() ? 0 : Integer.parseInt(signed);
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

  /** Returns the number of a signal that this system must have and that can be ignored. */
  public int ignorable(Signal signal) {
    int number = existing(signal);
    if (of(number).equals(Signal.KILL) || of(number).equals(Signal.STOP)) {
      throw new IllegalArgumentException(
          of(number).name() + " cannot be ignored, on this system also named " + signal.name());
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
