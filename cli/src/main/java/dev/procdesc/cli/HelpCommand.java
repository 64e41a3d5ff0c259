package dev.procdesc.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParameterException;

/** The command {@code pd help}. */
final class HelpCommand implements Callable<Integer> {
  static final String NAME = "help";

  private final Options options = Options.of(NAME, this);

  private final PositionalParamSpec topic = PositionalParamSpec.builder()
      .arity("0..1")
      .paramLabel("COMMAND")
      .hidden(true)
      .type(String.class)
      .build();

  private HelpCommand() {}

  static CommandSpec spec() {
    HelpCommand help = new HelpCommand();
    help.options.help();
    CommandSpec spec = help.options.command().addPositional(help.topic);
    spec.usageMessage()
        .header("Prints the help of a command.")
        .customSynopsis("pd help [COMMAND]%n");
    return spec;
  }

  @Override
  public Integer call() {
    CommandLine line = options.command().parent().commandLine();
    String name = topic.getValue();
    if (name != null) {
      CommandLine command = line.getSubcommands().get(name);
      if (command == null) {
        throw new ParameterException(
            options.command().commandLine(), "there is no command '" + name + "'");
      }
      line = command;
    }
    line.usage(line.getOut());
    return ExitCodes.OK;
  }
}
