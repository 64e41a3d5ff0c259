package dev.procdesc.cli;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.ISetter;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/**
 * Adds options to a command, without annotations: reading those by reflection would take a third of
 * the run time of {@code pd run -- true}.
 *
 * @param command the command to which options are added, in the order in which help shows them
 */
record Options(CommandSpec command) {
  /** Returns the options of a new command that runs the given object. */
  static Options of(String name, Object userObject) {
    CommandSpec command = CommandSpec.wrapWithoutInspection(userObject).name(name);
    command.usageMessage().sortOptions(false).width(100);
    return new Options(command);
  }

  // Uses classes, not lambdas, wherever picocli has the interface: picocli's classes are of so old
  // a format that the JVM cannot archive their lambdas for a quick start, and some JVMs crash when
  // they try.

  private record Converter<T>(Function<String, T> reader) implements ITypeConverter<T> {
    @Override
    public T convert(String text) {
      return reader.apply(text);
    }
  }

  private static final class StacktraceSetter implements ISetter {
    @Override
    public <T> @Nullable T set(T wanted) {
      if (Boolean.TRUE.equals(wanted)) {
        Failure.wantStacktrace();
      }
      return null;
    }
  }

  /**
   * An option with a value, which may be given once.
   *
   * @param spec the specification of the option for picocli
   * @param <T> the type of its value
   */
  record Value<T>(OptionSpec spec) {
    Optional<T> get() {
      return Optional.ofNullable(spec.<@Nullable T>getValue());
    }
  }

  /**
   * An option with a value, which may be repeated.
   *
   * @param spec the specification of the option for picocli
   * @param <T> the type of each value
   */
  record Values<T>(OptionSpec spec) {
    List<T> get() {
      List<T> values = spec.<@Nullable List<T>>getValue();
      return values == null ? List.of() : values;
    }
  }

  /**
   * An option without a value.
   *
   * @param spec the specification of the option for picocli
   */
  record Flag(OptionSpec spec) {
    boolean isGiven() {
      return Boolean.TRUE.equals(spec.<@Nullable Boolean>getValue());
    }
  }

  /**
   * The arguments that are not options.
   *
   * @param spec the specification of the arguments for picocli
   */
  record Words(PositionalParamSpec spec) {
    List<String> get() {
      List<String> words = spec.<@Nullable List<String>>getValue();
      return words == null ? List.of() : words;
    }
  }

  /** Adds one or more positional arguments; the command's own synopsis shows them in help. */
  Words words(String label) {
    PositionalParamSpec spec = PositionalParamSpec.builder()
        .arity("1..*")
        .required(true)
        .paramLabel(label)
        .hidden(true)
        .type(List.class)
        .auxiliaryTypes(String.class)
        .build();
    command.addPositional(spec);
    return new Words(spec);
  }

  <T> Value<T> value(
      Function<String, T> reader, String label, String description, String... names) {
    return new Value<>(add(OptionSpec.builder(names)
        // Not the real type, because picocli would search for a converter before it uses this one.
        .type(Object.class)
        .converters(new Converter<>(reader))
        .paramLabel(label)
        .description(description)));
  }

  <T> Values<T> values(
      Function<String, T> reader, String label, String description, String... names) {
    return new Values<>(add(OptionSpec.builder(names)
        .type(List.class)
        .auxiliaryTypes(Object.class)
        .converters(new Converter<>(reader))
        .paramLabel(label)
        .description(description)));
  }

  Flag flag(String description, String... names) {
    return new Flag(add(OptionSpec.builder(names).type(boolean.class).description(description)));
  }

  /** Adds the options that every command has. */
  void help() {
    add(OptionSpec.builder("-h", "--help")
        .type(boolean.class)
        .usageHelp(true)
        .description("Prints this help."));
    add(OptionSpec.builder("--stacktrace")
        .type(boolean.class)
        .setter(new StacktraceSetter())
        .description("Prints a stack trace with an error, for a bug report, as PD_DEBUG=1 does."));
  }

  OptionSpec add(OptionSpec.Builder option) {
    OptionSpec spec = option.build();
    command.addOption(spec);
    return spec;
  }
}
