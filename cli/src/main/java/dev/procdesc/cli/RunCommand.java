package dev.procdesc.cli;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus;
import dev.procdesc.Feature;
import dev.procdesc.OnClose;
import dev.procdesc.Platform;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.Signal;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.UnsupportedFeatureException;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.UsageMessageSpec;
import picocli.CommandLine.ParameterException;

/** {@code pd run}. */
final class RunCommand implements Callable<Integer> {
  private static final String[] DESCRIPTION = {
    "",
    "The command has pd's own terminal, standard input, output and error, environment and"
        + " directory, unless an option says otherwise, and no other descriptor.",
    "",
    "^C reaches the command directly, and pd waits for what it makes of it. TERM, HUP, USR1 and"
        + " USR2 that are sent to pd are handed on to the command. Signals reach the command"
        + " itself, not what it started. If pd ends first, the command is killed, as far as the"
        + " death guard of this system goes (see pd doctor); --on-close changes that.",
    "",
    "TIME is 500ms, 5s, 1.5m, 2h, 1d, or a number of seconds.",
    ""
  };

  private static final String[] EXIT_CODES = {
    "0-255:the command's own",
    "128+N:signal N ended the command",
    " 64:a mistake in the options of pd",
    "124:the command timed out, and ended when TERM asked it to",
    "137:the command timed out, and had to be killed; also if KILL ended it otherwise",
    "125:pd could not run the command, or the system does not tell how it ended",
    "126:the command was found but cannot be executed",
    "127:the command was not found"
  };

  private static final String[] EXAMPLES = {
    "  pd run -- sh -c 'echo hi; exit 3'",
    "  pd run --timeout 30s --kill-after 2s -- make test",
    "  pd run --usage --output cost.txt -- gzip -9 big.log",
    "  pd run --json -o result.json --stdout file:log.txt --stderr stdout -- ./nightly",
    "  pd run --clear-env --env PATH --env LC_ALL=C -- env",
    "  pd run --user nobody --no-new-privileges --limit nofile=64 --limit as=1G -- ./untrusted",
    "  pd run --sandbox -- ./untrusted",
    "  pid=$(pd run --detach --stdout append:server.log --stderr stdout -- ./server)"
  };

  private static final Duration KILL_AFTER = Duration.ofSeconds(5);

  private final Options options = Options.of("run", this);

  private final Options.Value<Duration> timeout = options.value(
      Durations::of,
      "TIME",
      "Sends TERM to the command when it has run for so long.",
      "-t",
      "--timeout");

  private final Options.Value<Duration> killAfter = options.value(
      Durations::of,
      "TIME",
      "Kills it when it has not ended so long after that (default: 5s).",
      "-k",
      "--kill-after");

  private final Options.Flag detach = options.flag(
      "Starts it, prints its process ID, and goes. It leads a session of its own; what no"
          + " option names of standard input, output and error is the null device.",
      "-d",
      "--detach");

  private final Options.Flag usage = options.flag(
      "At its end, prints what it cost on standard error: time, memory, faults, switches.",
      "--usage");

  private final Options.Flag json = options.flag(
      "At its end, prints how it ended and what it cost on standard error, as a line of JSON.",
      "--json");

  private final Options.Flag sandbox = options.flag(
      "Before it starts, pd enters the descriptor-only mode, for itself and the command, for good:"
          + " what names another process by its ID is refused (kill, wait, ptrace and more; see pd"
          + " doctor), and set-user-ID programs have no effect. pd waits and signals by"
          + " descriptors; a shell as COMMAND cannot wait for what it starts. Files are not"
          + " refused on Linux.",
      "--sandbox");

  private final Options.Value<Path> output =
      options.value(Path::of, "FILE", "Where --usage or --json print instead.", "-o", "--output");

  private final SpawnOptions spawnOptions = new SpawnOptions(options);

  private final Options.Words words = options.words("COMMAND");

  private RunCommand() {}

  static CommandSpec spec() {
    RunCommand run = new RunCommand();
    run.options.help();
    CommandSpec spec = run.options.command();
    spec.usageMessage()
        .header("Runs a command under a process descriptor, and ends as it ends.")
        .customSynopsis("pd run [OPTION]... [--] COMMAND [ARGUMENT]...")
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
    checkUsage(command);
    Report report = new Report(command, json.isGiven());
    try (PrintStream to = reportStream()) {
      try {
        if (sandbox.isGiven()) {
          Platform.current().enterDescriptorOnlyMode();
        }
        return detach.isGiven() ? detach(report, to) : supervise(report, to);
      } catch (IOException | RuntimeException | LinkageError e) {
        int exitCode = Failure.exitCode(e);
        report.failed(e, exitCode, to);
        Failure.tell(e);
        if (e instanceof UnsupportedFeatureException lacking
            && lacking.feature() == Feature.KILL_ON_JVM_DEATH) {
          Failure.tell("with --on-close release the command runs, and lives on if pd is killed");
        }
        return exitCode;
      }
    }
  }

  private int supervise(Report report, PrintStream to) throws IOException, InterruptedException {
    SignalForwarder signals = SignalForwarder.install(spawnOptions.isSession(), Failure::tell);
    Spawner spawner = withIgnored(spawnOptions.spawner(report.command(), Stdio.inherit()), signals);
    if (isReported() && Platform.current().has(Feature.RESOURCE_USAGE)) {
      spawner = spawner.collectUsage(true);
    }
    Outcome outcome =
        new Supervisor(timeout.get(), killAfter.get().orElse(KILL_AFTER)).run(spawner, signals);
    if (isReported()) {
      report.ended(outcome, to);
    }
    if (outcome.status() instanceof ExitStatus.Unknown unknown) {
      Failure.tell("the command has ended, but how is unknown: " + unknown.reason());
    }
    if (signals.interrupted() && outcome.endedBy(Signal.INT)) {
      dieOfInterrupt(signals);
    }
    return outcome.exitCode();
  }

  private int detach(Report report, PrintStream to) throws IOException {
    SignalForwarder signals = SignalForwarder.install(true, Failure::tell);
    Spawner spawner =
        withIgnored(spawnOptions.spawner(report.command(), Stdio.nullDevice()), signals);
    try (ChildProcess child = spawner.newSession().onClose(OnClose.RELEASE).spawn()) {
      if (json.isGiven()) {
        report.detached(child.pid(), to);
      }
      System.out.println(child.pid());
      return ExitCodes.OK;
    }
  }

  private boolean isReported() {
    return usage.isGiven() || json.isGiven();
  }

  private static Spawner withIgnored(Spawner spawner, SignalForwarder signals) {
    // Most shells ignore INT in background jobs, so without the means for it the command still
    // runs.
    return signals.ignored().isEmpty() || !Platform.current().has(Feature.CHILD_SETUP)
        ? spawner
        : spawner.ignoredSignals(signals.ignored().toArray(Signal[]::new));
  }

  /**
   * A shell that runs a script stops at ^C only if the command was seen to die of it: an exit code
   * of 130 would let the user's loop go on. The JVM cannot raise a signal that would end it; a
   * shell can.
   */
  private static void dieOfInterrupt(SignalForwarder signals)
      throws IOException, InterruptedException {
    signals.releaseInterrupt();
    if (Platform.current().inDescriptorOnlyMode()) {
      // No child may name this process, but its own descriptor does.
      try (ProcessDescriptor self = ProcessDescriptor.self()) {
        self.signal(Signal.INT);
      }
      return;
    }
    try (ChildProcess shell = Spawner.of("/bin/sh", "-c", "kill -INT $PPID").spawn()) {
      shell.waitFor();
    }
  }

  private PrintStream reportStream() throws IOException {
    // Opened before the command runs: its work is not to be lost for a report that cannot be kept.
    return output.get().isPresent()
        ? new PrintStream(
            new FileOutputStream(output.get().get().toFile()), false, StandardCharsets.UTF_8)
        : new PrintStream(System.err, true, StandardCharsets.UTF_8) {
          @Override
          public void close() {
            flush();
          }
        };
  }

  private void checkUsage(List<String> command) {
    if (timeout.get().isPresent() && timeout.get().get().isZero()) {
      throw wrong("--timeout must be more than zero");
    }
    if (output.get().isPresent() && !isReported()) {
      throw wrong("--output needs --usage or --json");
    }
    if (detach.isGiven() && (timeout.get().isPresent() || usage.isGiven())) {
      throw wrong("--detach excludes --timeout and --usage: nobody would be there to wait");
    }
    if (detach.isGiven() && spawnOptions.isOnCloseGiven()) {
      throw wrong("--detach excludes --on-close: it releases the command");
    }
    for (String word : command) {
      // Better no command than another one: the JVM puts this in for what it cannot decode.
      if (word.indexOf('\uFFFD') >= 0) {
        throw wrong("an argument cannot be passed on, it has bytes that are no text here: " + word);
      }
    }
  }

  private ParameterException wrong(String message) {
    return new ParameterException(options.command().commandLine(), message);
  }
}
