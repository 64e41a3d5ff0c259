package dev.procdesc.compat;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A command that any {@link Subject} can run.
 *
 * @param words the program and its arguments
 * @param environment variables to set, or to remove where empty
 * @param directory the working directory, if it is not this JVM's
 * @param mergeError whether standard error is merged into standard output
 */
public record Command(
    List<String> words,
    Map<String, Optional<String>> environment,
    Optional<Path> directory,
    boolean mergeError) {
  /** Copies the collections. */
  public Command {
    words = List.copyOf(words);
    environment = Map.copyOf(environment);
  }

  /** Returns a command of a program and its arguments. */
  public static Command of(String... words) {
    return new Command(List.of(words), Map.of(), Optional.empty(), false);
  }

  /** Returns a command of a shell script; the arguments are {@code $1}, {@code $2}, and so on. */
  public static Command sh(String script, String... arguments) {
    String[] words = new String[4 + arguments.length];
    words[0] = "/bin/sh";
    words[1] = "-c";
    words[2] = script;
    words[3] = "sh";
    System.arraycopy(arguments, 0, words, 4, arguments.length);
    return of(words);
  }

  /** Returns this command with an environment variable. */
  public Command with(String name, String value) {
    return environment(name, Optional.of(value));
  }

  /** Returns this command without an environment variable. */
  public Command without(String name) {
    return environment(name, Optional.empty());
  }

  private Command environment(String name, Optional<String> value) {
    Map<String, Optional<String>> changed = new HashMap<>(environment);
    changed.put(name, value);
    return new Command(words, changed, directory, mergeError);
  }

  /** Returns this command in a working directory. */
  public Command in(Path where) {
    return new Command(words, environment, Optional.of(where), mergeError);
  }

  /** Returns this command with standard error merged into standard output. */
  public Command mergingError() {
    return new Command(words, environment, directory, true);
  }
}
