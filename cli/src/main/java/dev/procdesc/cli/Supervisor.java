package dev.procdesc.cli;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus;
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

  /**
   * Runs the command.
   *
   * @param terminal the terminal of the command; empty if it has none of its own
   */
  Outcome run(
      Spawner spawner,
      SignalForwarder signals,
      SignalWitness witness,
      Optional<TerminalSession> terminal)
      throws IOException, InterruptedException {
    Instant started = Instant.now();
    long start = System.nanoTime();
    try (ChildProcess child = spawner.spawn()) {
      signals.start(child, witness);
      if (terminal.isPresent()) {
        terminal.get().start(child, signals);
      }
      Outcome.Expiry expiry = Outcome.Expiry.NONE;
      Optional<ExitStatus> status =
          timeout.isPresent() ? child.waitFor(timeout.get()) : Optional.of(child.waitFor());
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
          child.resourceUsage());
    }
  }
}
