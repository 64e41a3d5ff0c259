package dev.procdesc.cli;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus;
import dev.procdesc.Feature;
import dev.procdesc.OnClose;
import dev.procdesc.Platform;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.Signal;
import dev.procdesc.SpawnException;
import dev.procdesc.Spawner;
import dev.procdesc.UnsupportedFeatureException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.UsageMessageSpec;
import picocli.CommandLine.ParameterException;

/** The command {@code pd run}. */
final class RunCommand implements Callable<Integer> {
  private static final String[] DESCRIPTION = {
    "",
    "The command inherits pd's terminal, standard input, output and error, environment and"
        + " directory, unless an option sets another, and no other descriptor.",
    "",
    "A script without a #! line is not run (exit status 126), unlike by a shell, env or timeout: use"
        + " sh SCRIPT as the command.",
    "",
    "Each signal reaches the command once: pd forwards those that are sent to pd alone, and not"
        + " those that the terminal, a shell or a service manager sends to the process group or to"
        + " the control group, which reach the command directly. Signals reach the command itself,"
        + " not the processes that it started. If pd ends first, the command is killed, as far as the"
        + " death guard of this system reaches (see pd doctor); --on-close changes that.",
    "",
    "Not forwarded when they are sent to pd alone: QUIT, at which the JVM of pd prints its threads;"
        + " PIPE, CHLD and those that stop; those that report a fault, such as ABRT, and real-time"
        + " signals, which end pd. Before the command exists, for instance while pd waits for the"
        + " other end of a FIFO, HUP, INT and TERM end pd, and so does --timeout.",
    "",
    "A process beside the command, which gets what the group gets, tells the one from the other. So"
        + " a signal to pd alone takes a tenth of a second. One to the control group arrives twice if"
        + " its sender takes longer than that from pd to the other processes, and one to the group"
        + " may if the sender repeats it within a millisecond. One to pd alone is lost if the same"
        + " one was sent to its children without pd, as by pkill -P, in the two seconds before; HUP"
        + " and CONT also if they reached the group a quarter of a second before, and pd leads the"
        + " session, because the terminal's hang-up comes to pd twice.",
    "",
    "The command is in pd's process group, unless --session or --tty is given: it has the terminal"
        + " whenever pd has it, and a stop of the job stops both.",
    "",
    "As PID 1, the entry point of a container, pd is an init: it reaps the orphans that it adopts,"
        + " and forwards every signal that tini forwards, also QUIT, TSTP, PIPE and real-time"
        + " signals.",
    "",
    "TIME is 500ms, 5s, 1.5m, 2h, 1d, or a number of seconds.",
    ""
  };

  private static final String[] EXIT_CODES = {
    "0-255:the exit code of the command",
    "128+N:signal N ended the command",
    " 64:a usage error",
    "124:the command timed out, and ended after TERM or was not started in time",
    "137:the command timed out and was killed, or KILL ended it otherwise",
    "125:pd could not run the command, its exit status is unknown, or pd could not write its"
        + " output; a command of --detach is then killed",
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
    "  pd run --tty -- ls --color=auto | tee listing",
    "  pd run --sandbox -- ./untrusted",
    "  ExecStart=/opt/procdesc/pd run --store server -- ./server",
    "  pid=$(pd run --detach --stdout append:server.log --stderr stdout -- ./server)"
  };

  private static final Duration KILL_AFTER = Duration.ofSeconds(5);

  private final Options options = Options.of("run", this);

  private final Options.Value<Duration> timeout = options.value(
      Durations::of,
      "TIME",
      "Sends TERM to the command when it has run for TIME.",
      "-t",
      "--timeout");

  private final Options.Value<Duration> killAfter = options.value(
      Durations::of,
      "TIME",
      "Kills the command if it has not ended TIME after that (default: 5s).",
      "-k",
      "--kill-after");

  private final Options.Flag tty = options.flag(
      "Runs the command on a new terminal, whose keys are standard input and whose screen is"
          + " standard output, so that it behaves as for a user, also where pd has no terminal. If"
          + " standard input is a terminal, it is in raw mode meanwhile: keys such as ^C are the"
          + " command's. Its size is that of pd's terminal, 80x24 if there is none. --stdin,"
          + " --stdout and --stderr redirect the command from the terminal.",
      "--tty");

  private final Options.Flag detach = options.flag(
      "Starts the command, prints its process ID, and exits. The command leads a new session;"
          + " standard input, output and error are the null device unless an option sets them.",
      "-d",
      "--detach");

  private final Options.Flag identity = ProcessName.option(options, " Needs --detach.");

  private final Options.Flag usage = options.flag(
      "Prints the resource usage of the command on standard error: time, memory, faults, switches.",
      "--usage");

  private final Options.Flag json = options.flag(
      "Prints exit status and resource usage of the command on standard error, as a line of JSON.",
      "--json");

  private final Options.Flag sandbox = options.flag(
      "Enters the descriptor-only mode before the command starts, permanently, for pd and the"
          + " command: system calls that name another process by its ID are refused (kill, wait,"
          + " ptrace and more; see pd doctor), and set-user-ID programs gain no privileges. pd waits"
          + " and signals by descriptors; a shell as COMMAND cannot wait for the processes that it"
          + " starts. Access to files is not refused on Linux.",
      "--sandbox");

  private final Options.Value<String> stored = options.value(
      name -> name,
      "NAME",
      "Keeps the command under NAME in the file descriptor store of the service manager that has"
          + " started pd (systemd: FileDescriptorStoreMax=2, KillMode=process), so that it lives on"
          + " when pd is restarted or killed. The restarted pd takes it over, and starts another only if it"
          + " has ended meanwhile.",
      "--store");

  private final Options.Value<Path> output = options.value(
      Path::of,
      "FILE",
      "Prints --usage or --json to FILE instead of standard error.",
      "-o",
      "--output");

  private final SpawnOptions spawnOptions = new SpawnOptions(options);

  private final Options.Words words = options.words("COMMAND");

  private RunCommand() {}

  static CommandSpec spec() {
    RunCommand run = new RunCommand();
    run.options.help();
    CommandSpec spec = run.options.command();
    spec.usageMessage()
        .header("Runs a command under a process descriptor, and exits with its exit status.")
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
    checkUsage();
    Report report = new Report(command, json.isGiven());
    // Opened before the command runs, so that no command runs whose report cannot be written.
    try (Output to = output.get().isPresent() ? Output.file(output.get().get()) : Output.stderr()) {
      SignalForwarder signals = SignalForwarder.install(Failure::tell);
      try {
        if (sandbox.isGiven()) {
          Platform.current().enterDescriptorOnlyMode();
        }
        return detach.isGiven() ? detach(report, to, signals) : supervise(report, to, signals);
      } catch (StartEnded e) {
        report.failed(e, e.exitCode(), to);
        if (e.isBy(Signal.INT) && signals.interrupted()) {
          dieOfInterrupt(signals);
        }
        return e.exitCode();
      } catch (Output.Failed e) {
        // The command did start, and no second report could be written either.
        throw e;
      } catch (IOException | RuntimeException | LinkageError e) {
        int exitCode = Failure.exitCode(e);
        Failure.tell(e);
        if (e instanceof UnsupportedFeatureException lacking
            && lacking.feature() == Feature.KILL_ON_JVM_DEATH) {
          Failure.tell("with --on-close release the command runs, and lives on if pd is killed");
        }
        if (e instanceof SpawnException failed && failed.operation().startsWith("setgroups")) {
          Failure.tell("with --keep-groups the command runs, with the groups that pd has");
        }
        report.failed(e, exitCode, to);
        return exitCode;
      }
    }
  }

  private int supervise(Report report, Output to, SignalForwarder signals)
      throws IOException, InterruptedException {
    Optional<TerminalSession> terminal =
        tty.isGiven() ? Optional.of(new TerminalSession()) : Optional.empty();
    Spawner spawner = withIgnored(
        spawnOptions.spawner(
            report.command(), plain -> terminal.map(own -> own.on(plain)).orElse(plain)),
        signals);
    if (isReported() && Platform.current().has(Feature.RESOURCE_USAGE)) {
      spawner = spawner.collectUsage(true);
    }
    Supervisor supervisor = new Supervisor(timeout.get(), killAfter.get().orElse(KILL_AFTER));
    Optional<StoredCommand> kept = stored.get().isPresent()
        ? Optional.of(StoredCommand.of(stored.get().get()))
        : Optional.empty();
    Outcome outcome;
    // A command that was taken over is in the process group of the pd that has started it, so a
    // signal to the group of this one does not reach it.
    boolean apart = kept.isPresent() && kept.get().taken().isPresent();
    Spawner beside = spawnOptions.beside(
        SignalWitness.command(signals.forwarded()), terminal.isPresent() || apart);
    Spawner command = spawner;
    Supervisor.Start start =
        kept.isPresent() ? () -> kept.get().takeOrStart(command) : command::spawn;
    try {
      outcome = supervisor.run(start, withIgnored(beside, signals), signals, terminal);
      if (kept.isPresent()) {
        kept.get().remove();
      }
    } finally {
      if (terminal.isPresent()) {
        terminal.get().close();
      }
    }
    if (isReported()) {
      report.ended(outcome, to);
    }
    if (outcome.status() instanceof ExitStatus.Unknown unknown) {
      Failure.tell("the exit status of the command is unknown: " + unknown.reason());
    }
    if (signals.interrupted() && outcome.endedBy(Signal.INT)) {
      dieOfInterrupt(signals);
    }
    return outcome.exitCode();
  }

  private int detach(Report report, Output to, SignalForwarder signals) throws IOException {
    ProcessName.check(identity);
    StartPhase phase = signals.phase();
    Spawner spawner =
        withIgnored(spawnOptions.spawner(report.command(), SpawnOptions::withNullDevice), signals);
    phase.check();
    try (ChildProcess child = spawner.newSession().onClose(OnClose.RELEASE).spawn()) {
      phase.undo(() -> kill(child));
      try {
        if (json.isGiven()) {
          report.detached(child.pid(), ProcessName.identity(child), to);
        }
        Output.stdout().println(ProcessName.of(child, identity.isGiven()));
        phase.check();
      } catch (IOException e) {
        // A caller that does not learn the name of the process cannot end the command.
        child.kill();
        throw e;
      }
      return ExitCodes.OK;
    } catch (InterruptedIOException e) {
      phase.check();
      throw e;
    }
  }

  private static void kill(ChildProcess child) {
    try {
      child.kill();
    } catch (ProcessDescriptorException e) {
      Failure.tell(e);
    }
  }

  private boolean isReported() {
    return usage.isGiven() || json.isGiven();
  }

  /** Returns a spawner whose command ignores the signals that this process ignores. */
  static Spawner withIgnored(Spawner spawner, SignalForwarder signals) {
    // Most shells ignore INT in background jobs. The command must run there even if the library
    // cannot set ignored signals.
    return signals.ignored().isEmpty() || !Platform.current().has(Feature.CHILD_SETUP)
        ? spawner
        : spawner.ignoredSignals(signals.ignored().toArray(Signal[]::new));
  }

  /**
   * Ends this process by SIGINT. A shell that runs a script stops at ^C only if the command died of
   * the signal: after an exit code of 130 the user's loop would continue. The JVM cannot raise a
   * signal that ends it, but a shell can.
   */
  private static void dieOfInterrupt(SignalForwarder signals)
      throws IOException, InterruptedException {
    signals.releaseInterrupt();
    if (Platform.current().inDescriptorOnlyMode()) {
      // No child may signal this process by its ID, but the process's own descriptor can.
      try (ProcessDescriptor self = ProcessDescriptor.self()) {
        self.signal(Signal.INT);
      }
      return;
    }
    try (ChildProcess shell = Spawner.of("/bin/sh", "-c", "kill -INT $PPID").spawn()) {
      shell.waitFor();
    }
  }

  private void checkUsage() {
    if (timeout.get().isPresent() && timeout.get().get().isZero()) {
      throw wrong("--timeout must be more than zero");
    }
    if (output.get().isPresent() && !isReported()) {
      throw wrong("--output needs --usage or --json");
    }
    if (detach.isGiven() && (timeout.get().isPresent() || usage.isGiven())) {
      throw wrong(
          "--detach excludes --timeout and --usage, because pd does not wait for the command");
    }
    if (stored.get().isPresent() && (detach.isGiven() || tty.isGiven())) {
      throw wrong("--store excludes --detach and --tty");
    }
    if (stored.get().isPresent() && spawnOptions.isOnCloseGiven()) {
      throw wrong("--store excludes --on-close, because the store decides when the command dies");
    }
    if (tty.isGiven() && detach.isGiven()) {
      throw wrong("--tty excludes --detach, because pd is the other end of the terminal");
    }
    if (tty.isGiven() && spawnOptions.areAllGiven()) {
      throw wrong("--tty excludes --stdin, --stdout and --stderr together: no descriptor is left");
    }
    if (identity.isGiven() && !detach.isGiven()) {
      throw wrong("--identity needs --detach; --json reports the identity too");
    }
    if (detach.isGiven() && spawnOptions.isOnCloseGiven()) {
      throw wrong("--detach excludes --on-close, because it releases the command");
    }
  }

  private ParameterException wrong(String message) {
    return new ParameterException(options.command().commandLine(), message);
  }
}
