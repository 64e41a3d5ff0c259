package dev.procdesc.bench;

import java.nio.file.Path;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * The command line.
 *
 * @param quick true for fewer samples
 * @param only the benchmarks to run; empty for all
 * @param soak the number of spawns of the soak, which replaces the benchmarks; empty for none
 * @param paths the files and directories that are given
 */
record Options(boolean quick, Set<String> only, OptionalInt soak, Map<PathOption, Path> paths) {
  /** The options that are followed by a file or directory. */
  enum PathOption {
    /** The file to which the results are written as JSON. */
    JSON,
    /** The file to which the results are written as Markdown. */
    MARKDOWN,
    /** The directory in which the plots are drawn. */
    PLOT,
    /** The JAR of another build of this program, which is measured as a peer. */
    BASELINE,
    /** The command line tool {@code pd}. */
    PD;

    private String spelling() {
      return "--" + name().toLowerCase(Locale.ROOT);
    }
  }

  /** The least number of spawns of a soak: a tenth is the reference for the rest. */
  private static final int LEAST_SOAK = 100;

  /**
   * Parses the command line.
   *
   * @param known the names of the benchmarks
   * @throws IllegalArgumentException if the command line is invalid
   */
  static Options parse(List<String> arguments, Set<String> known) {
    boolean quick = false;
    Set<String> only = new LinkedHashSet<>();
    OptionalInt soak = OptionalInt.empty();
    Map<PathOption, Path> paths = new EnumMap<>(PathOption.class);
    for (int i = 0; i < arguments.size(); i++) {
      String argument = arguments.get(i);
      switch (argument) {
        case "--quick" -> quick = true;
        case "--only" -> {
          String name = value(arguments, ++i);
          if (!known.contains(name)) {
            throw new IllegalArgumentException(
                "unknown benchmark " + name + "; the benchmarks are " + String.join(", ", known));
          }
          only.add(name);
        }
        case "--soak" -> soak = OptionalInt.of(spawns(value(arguments, ++i)));
        default -> paths.put(pathOption(argument), Path.of(value(arguments, ++i)));
      }
    }
    if (soak.isPresent() && !only.isEmpty()) {
      throw new IllegalArgumentException("--soak replaces the benchmarks that --only names");
    }
    return new Options(quick, only, soak, paths);
  }

  private static PathOption pathOption(String argument) {
    for (PathOption option : PathOption.values()) {
      if (option.spelling().equals(argument)) {
        return option;
      }
    }
    throw new IllegalArgumentException("unknown option " + argument);
  }

  private static int spawns(String value) {
    try {
      int spawns = Integer.parseInt(value);
      if (spawns >= LEAST_SOAK) {
        return spawns;
      }
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("--soak " + value + ": not a number", e);
    }
    throw new IllegalArgumentException("--soak " + value + ": at least " + LEAST_SOAK);
  }

  private static String value(List<String> arguments, int index) {
    if (index >= arguments.size()) {
      throw new IllegalArgumentException(arguments.get(index - 1) + " requires a value");
    }
    return arguments.get(index);
  }

  /** Returns the file or directory of an option; empty if the option is not given. */
  Optional<Path> path(PathOption option) {
    return Optional.ofNullable(paths.get(option));
  }

  /** Returns the first number for a quick run, else the second. */
  int sized(int ifQuick, int otherwise) {
    return quick ? ifQuick : otherwise;
  }
}
