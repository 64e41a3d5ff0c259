package dev.procdesc.bench;

import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The command line.
 *
 * @param quick true for fewer samples
 * @param json the file to which the results are also written
 * @param only the benchmarks to run; empty for all
 */
record Options(boolean quick, Optional<Path> json, Set<String> only) {
  /**
   * Parses the command line.
   *
   * @param known the names of the benchmarks
   * @throws IllegalArgumentException if the command line is invalid
   */
  static Options parse(List<String> arguments, Set<String> known) {
    boolean quick = false;
    Optional<Path> json = Optional.empty();
    Set<String> only = new LinkedHashSet<>();
    for (int i = 0; i < arguments.size(); i++) {
      String argument = arguments.get(i);
      switch (argument) {
        case "--quick" -> quick = true;
        case "--json" -> json = Optional.of(Path.of(value(arguments, ++i)));
        case "--only" -> {
          String name = value(arguments, ++i);
          if (!known.contains(name)) {
            throw new IllegalArgumentException(
                "unknown benchmark " + name + "; the benchmarks are " + String.join(", ", known));
          }
          only.add(name);
        }
        default -> throw new IllegalArgumentException("unknown option " + argument);
      }
    }
    return new Options(quick, json, only);
  }

  private static String value(List<String> arguments, int index) {
    if (index >= arguments.size()) {
      throw new IllegalArgumentException(arguments.get(index - 1) + " requires a value");
    }
    return arguments.get(index);
  }

  /** Returns the first number for a quick run, else the second. */
  int sized(int ifQuick, int otherwise) {
    return quick ? ifQuick : otherwise;
  }
}
