package dev.procdesc.cli;

import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.UsageMessageSpec;
import picocli.CommandLine.ParameterException;

/** The command {@code pd sandbox-check}. */
final class SandboxCheckCommand implements Callable<Integer> {
  private static final String[] DESCRIPTION = {
    "",
    "The application runs as always, except that Platform.enterDescriptorOnlyMode() prepares the mode"
        + " and refuses nothing. pd observes its JVM from then on, as a debugger, and lists each use"
        + " of a name that the mode would refuse, with a line that prepares it. An application for"
        + " which nothing is listed runs in the mode as it did in the trial. Parts that the trial"
        + " did not execute, and native code that opens files itself, are not observed.",
    "",
    "JAVA is the java command; pd adds options of the JVM after it.",
    ""
  };

  private static final String[] EXIT_CODES = {
    "0-255:the exit code of the application, if it is not 0",
    "  0:the application exited with 0, and nothing would fail in the mode",
    " 64:a usage error",
    "123:the application exited with 0, and something would fail in the mode",
    "124:the application timed out, and ended after TERM",
    "125:the application did not enter the mode, or pd could not run or observe it"
  };

  private static final String[] EXAMPLES = {
    "  pd sandbox-check -- java -jar app.jar",
    "  pd sandbox-check --timeout 1m -o checklist.txt -- java -cp app.jar Server",
    "  pd sandbox-check --json -- java -jar app.jar | jq '.fails[].remedy'"
  };

  private static final String TRIAL = "-Ddev.procdesc.sandbox.trial=true";
  private static final Duration KILL_AFTER = Duration.ofSeconds(5);

  private final Options options = Options.of("sandbox-check", this);

  private final Options.Value<Duration> timeout = options.value(
      Durations::of,
      "TIME",
      "Sends TERM to the application when it has run for TIME.",
      "-t",
      "--timeout");

  private final Options.Flag verbose = options.flag(
      "Also lists the uses of names that the mode permits, and the classes that were loaded from open"
          + " files.",
      "--verbose");

  private final Options.Flag json = options.flag("Prints the checklist as JSON.", "--json");

  private final Options.Value<Path> output = options.value(
      Path::of,
      "FILE",
      "Prints the checklist to FILE instead of standard error.",
      "-o",
      "--output");

  private final Options.Words words = options.words("JAVA");

  private SandboxCheckCommand() {}

  static CommandSpec spec() {
    SandboxCheckCommand check = new SandboxCheckCommand();
    check.options.help();
    CommandSpec spec = check.options.command();
    spec.usageMessage()
        .header("Lists the names that a Java application uses in the descriptor-only mode.")
        .customSynopsis("pd sandbox-check [OPTION]... [--] JAVA [ARGUMENT]...")
        .description(DESCRIPTION)
        .exitCodeListHeading("%nExit status:%n")
        .exitCodeList(UsageMessageSpec.keyValuesMap(EXIT_CODES))
        .footerHeading("%nExamples:%n")
        .footer(EXAMPLES);
    return spec;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    List<String> command = words.get();
    if (!Path.of(command.get(0)).endsWith("java")) {
      throw new ParameterException(
          options.command().commandLine(), "'" + command.get(0) + "' is not the java command");
    }
    try (Output to = output.get().isPresent() ? Output.file(output.get().get()) : Output.stderr()) {
      Path log = Files.createTempFile("pd-classes", ".log");
      try {
        return check(command, log, to);
      } catch (NoClassDefFoundError e) {
        Failure.tell("this Java runtime lacks the module jdk.jdi, by which pd observes the JVM");
        return ExitCodes.FAILED;
      } catch (StartEnded e) {
        return e.exitCode();
      } catch (IOException | RuntimeException | LinkageError e) {
        Failure.tell(e);
        return Failure.exitCode(e);
      } finally {
        Files.delete(log);
      }
    }
  }

  private int check(List<String> command, Path log, Output to)
      throws IOException, InterruptedException {
    try (TrialSession session = TrialSession.start(Path.of("").toAbsolutePath())) {
      List<String> observed = new ArrayList<>(List.of(command.get(0), TRIAL));
      observed.addAll(session.options());
      if (verbose.isGiven()) {
        observed.add("-Xlog:class+load=info:file=\"" + log + "\":none:filecount=0");
      }
      observed.addAll(command.subList(1, command.size()));
      Outcome outcome = run(observed);
      List<NamedUse> uses = session.uses();
      Optional<TrialMode> mode = session.mode();
      if (mode.isEmpty()) {
        Failure.tell(
            "the application did not call Platform.enterDescriptorOnlyMode(), and exited with "
                + outcome.exitCode());
        return ExitCodes.FAILED;
      }
      boolean fails = uses.stream().anyMatch(mode.get()::refuses);
      int exitCode =
          outcome.exitCode() == ExitCodes.OK && fails ? ExitCodes.REFUSED : outcome.exitCode();
      Checklist list =
          new Checklist(command, exitCode, mode.get(), uses, classesIn(log), verbose.isGiven());
      to.print(json.isGiven() ? list.toJson() + "\n" : list.toText());
      return exitCode;
    }
  }

  private Outcome run(List<String> command) throws IOException, InterruptedException {
    SignalForwarder signals = SignalForwarder.install(Failure::tell);
    Spawner beside = Spawner.of(SignalWitness.command(signals.forwarded()));
    Spawner spawner =
        Spawner.of(command).stdin(Stdio.inherit()).stdout(Stdio.inherit()).stderr(Stdio.inherit());
    return new Supervisor(timeout.get(), KILL_AFTER)
        .run(
            RunCommand.withIgnored(spawner, signals)::spawn,
            RunCommand.withIgnored(beside, signals),
            signals,
            Optional.empty());
  }

  /** Returns the numbers of the classes that were loaded during the trial, by their sources. */
  private static Map<String, Integer> classesIn(Path log) throws IOException {
    Map<String, Integer> sources = new TreeMap<>();
    boolean begun = false;
    for (String line : Files.readAllLines(log)) {
      // The source of a class that was generated is a class.
      if (begun && (line.contains(" source: file:") || line.contains(" source: jrt:"))) {
        sources.merge(line.substring(line.indexOf(" source: ") + 9), 1, Integer::sum);
      }
      begun |= line.startsWith("dev.procdesc.posix.backend.SandboxTrial ");
    }
    return sources;
  }
}
