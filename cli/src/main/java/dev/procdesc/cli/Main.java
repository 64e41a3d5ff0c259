package dev.procdesc.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IExecutionStrategy;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.RunLast;
import picocli.CommandLine.UnmatchedArgumentException;

/** The program {@code pd}. */
public final class Main
    implements Runnable,
        IExecutionStrategy,
        IParameterExceptionHandler,
        IExecutionExceptionHandler {
  private static final String[] EXAMPLES = {
    "  pd run -- sh -c 'echo hi; exit 3'",
    "  pd run --timeout 30s --usage -- make test",
    "  pd run --sandbox -- ./untrusted",
    "  pd watch 1234",
    "  pd receive /tmp/pd.sock",
    "  pd send /tmp/pd.sock sleep 1000",
    "  pd doctor",
    "  pd sandbox-check -- java -jar app.jar",
    "  pd -D dev.procdesc.disable=clone3 doctor",
    "  pd help run"
  };

  /** The commands, in the order in which help shows them. */
  private static final List<String> COMMANDS =
      List.of("run", "watch", "send", "receive", "doctor", "sandbox-check", HelpCommand.NAME);

  /** The words of messages for what {@link #isMangled} finds. */
  static final String MANGLED =
      "bytes that are not text in this locale, or the character U+FFFD, which replaces them in Java";

  private final Options options = Options.of("pd", this);

  private final Options.Values<String> properties = options.values(
      text -> text, "NAME=VALUE", "Sets a system property of the library. Repeatable.", "-D");

  private Main() {}

  /**
   * Runs the program.
   *
   * @param arguments the command line
   */
  public static void main(String[] arguments) {
    int code;
    try {
      InitSignals.begin();
      if (arguments.length > 0 && arguments[0].equals("run")) {
        // No -D comes before it, so the library already has its system properties.
        PlatformStart.begin();
      }
      code = new Main().execute(arguments);
    } catch (Throwable e) {
      // The JVM would end with 1, as the command may.
      code = ExitCodes.FAILED;
      tell(e);
    }
    InitSignals.end();
    System.exit(code);
  }

  /** Prints an error such as that of a machine without a free thread or without memory. */
  private static void tell(Throwable cause) {
    try {
      Failure.tell("pd cannot go on: " + cause);
      Failure.tellStacktrace(cause);
    } catch (Throwable e) {
      // Not even a message can be made.
      return;
    }
  }

  /**
   * Returns whether the JVM could not decode some bytes, which it replaces by U+FFFD. A text that
   * has that character itself cannot be told from it.
   */
  static boolean isMangled(String text) {
    return text.indexOf('\uFFFD') >= 0;
  }

  private int execute(String[] arguments) {
    for (String argument : arguments) {
      // Refused, rather than to name another file or to run another command.
      if (isMangled(argument)) {
        Failure.tell("an argument has " + MANGLED + ": " + argument);
        return ExitCodes.USAGE;
      }
    }
    // Collects the texts that picocli prints, because it would ignore write errors.
    StringWriter text = new StringWriter();
    int code = commandLine(commands(arguments)).setOut(new PrintWriter(text)).execute(arguments);
    try {
      Output.stdout().print(text.toString());
      return code;
    } catch (Output.Failed e) {
      Failure.tell(e);
      return ExitCodes.FAILED;
    }
  }

  /**
   * Returns the commands that these arguments need. picocli takes several milliseconds to set up
   * each, so the command that the first argument names is the only one, unless it is about others.
   */
  private static List<String> commands(String[] arguments) {
    return arguments.length > 0
            && COMMANDS.contains(arguments[0])
            && !arguments[0].equals(HelpCommand.NAME)
        ? List.of(arguments[0])
        : COMMANDS;
  }

  private static CommandSpec spec(String command) {
    return switch (command) {
      case "run" -> RunCommand.spec();
      case "watch" -> WatchCommand.spec();
      case "send" -> SendCommand.spec();
      case "receive" -> ReceiveCommand.spec();
      case "doctor" -> DoctorCommand.spec();
      case "sandbox-check" -> SandboxCheckCommand.spec();
      case HelpCommand.NAME -> HelpCommand.spec();
      default -> throw new IllegalArgumentException(command);
    };
  }

  /** Returns the command line with all commands, for its manual and its completion. */
  static CommandLine commandLine() {
    return new Main().commandLine(COMMANDS);
  }

  private CommandLine commandLine(List<String> commands) {
    options.add(OptionSpec.builder("-V", "--version")
        .type(boolean.class)
        .versionHelp(true)
        .description("Prints the version."));
    options.help();
    CommandSpec spec = options.command().versionProvider(new Version());
    spec.usageMessage()
        .header("Child processes as descriptors.")
        .customSynopsis("pd [-D NAME=VALUE]... COMMAND [ARGUMENT]...%n")
        .commandListHeading("%nCommands:%n")
        .footerHeading("%nExamples:%n")
        .footer(EXAMPLES);
    for (String command : commands) {
      spec.addSubcommand(command, spec(command));
    }
    return new CommandLine(spec)
        // Every argument after the command belongs to the command, even if it looks like an option.
        .setStopAtPositional(true)
        .setExpandAtFiles(false)
        .setExecutionStrategy(this)
        .setParameterExceptionHandler(this)
        .setExecutionExceptionHandler(this);
  }

  @Override
  public int execute(ParseResult parsed) {
    for (String property : properties.get()) {
      int equals = property.indexOf('=');
      if (equals < 1) {
        throw new ParameterException(
            options.command().commandLine(), "'" + property + "' is not of the form NAME=VALUE");
      }
      System.setProperty(property.substring(0, equals), property.substring(equals + 1));
    }
    return new RunLast().execute(parsed);
  }

  @Override
  public void run() {
    throw new ParameterException(options.command().commandLine(), "a command is missing");
  }

  @Override
  public int handleParseException(ParameterException e, String[] arguments) {
    String message = Failure.message(e);
    if (e instanceof UnmatchedArgumentException unmatched) {
      List<String> suggestions = unmatched.getSuggestions();
      if (!suggestions.isEmpty()) {
        message += ", did you mean " + String.join(" or ", suggestions) + "?";
      }
    }
    String name = e.getCommandLine().getCommandSpec().qualifiedName();
    Failure.tell(message + " (see: " + name + " --help)");
    return ExitCodes.USAGE;
  }

  @Override
  public int handleExecutionException(Exception e, CommandLine line, ParseResult parsed) {
    Failure.tell(e);
    return ExitCodes.FAILED;
  }
}
