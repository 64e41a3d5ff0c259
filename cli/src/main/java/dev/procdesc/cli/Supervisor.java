package dev.procdesc.cli;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.Signal;
import dev.procdesc.Spawner;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * Runs one command to its end.
 *
 * @param timeout the time after which the command is terminated; empty for no limit
 * @param killAfter the further time after which the command is killed
 */
record Supervisor(Optional<Duration> timeout, Duration killAfter) {
  /** The further time for the start of the witness, which is not the command's. */
  private static final Duration PREPARATION = Duration.ofSeconds(1);

  /** The start of a command, or the take-over of one that runs. */
  interface Start {
    /** Returns the running command. */
    ProcessDescriptor start() throws IOException;
  }

  /**
   * Starts a command and runs it to its end.
   *
   * @param beside a spawner of the {@link SignalWitness}
   * @param terminal the terminal of the command; empty if it has none of its own
   * @throws StartEnded if a signal or the timeout ended this before the command was started
   */
  Outcome run(
      Start command, Spawner beside, SignalForwarder signals, Optional<TerminalSession> terminal)
      throws IOException, InterruptedException {
    StartPhase phase = signals.phase();
    if (timeout.isPresent()) {
      phase.limit(timeout.get().plus(PREPARATION));
    }
    try (SignalWitness witness = SignalWitness.start(beside)) {
      return run(command, signals, witness, terminal);
    } catch (IOException | InterruptedException | RuntimeException e) {
      // Whatever the interrupted thread waited for is not the reason.
      phase.check();
      throw e;
    }
  }

  private Outcome run(
      Start command,
      SignalForwarder signals,
      SignalWitness witness,
      Optional<TerminalSession> terminal)
      throws IOException, InterruptedException {
    signals.phase().check();
    if (timeout.isPresent()) {
      signals.phase().limit(timeout.get());
    }
    Instant started = Instant.now();
    long start = System.nanoTime();
    try (ProcessDescriptor child = command.start()) {
      signals.start(child, witness);
      if (terminal.isPresent() && child instanceof ChildProcess own) {
        terminal.get().start(own, signals);
      }
      Outcome.Expiry expiry = Outcome.Expiry.NONE;
      Optional<ExitStatus> status = timeout.isPresent()
          ? child.waitFor(left(timeout.get(), start))
          : Optional.of(child.waitFor());
      if (status.isEmpty()) {
        expiry = Outcome.Expiry.TERMINATED;
        child.signal(Signal.TERM);
        // A stopped process would handle SIGTERM only after its next continue.
        child.signal(Signal.CONT);
        status = child.waitFor(killAfter);
      }
      if (status.isEmpty()) {
        expiry = Outcome.Expiry.KILLED;
        child.kill();
        status = Optional.of(child.waitFor());
      }
      signals.stop();
      if (terminal.isPresent()) {
        terminal.get().awaitOutput();
      }
      Duration wall = Duration.ofNanos(System.nanoTime() - start);
      return new Outcome(
          child.pid(),
          ProcessName.identity(child),
          status.get(),
          expiry,
          started,
          wall,
          child.resourceUsage(),
          terminal.flatMap(TerminalSession::failure));
    }
  }

  /** Returns the rest of a time that began at a value of {@link System#nanoTime}. */
  private static Duration left(Duration time, long start) {
    Duration left = time.minusNanos(System.nanoTime() - start);
    return left.isNegative() ? Duration.ZERO : left;
  }
}
