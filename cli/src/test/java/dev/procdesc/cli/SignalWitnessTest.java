package dev.procdesc.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.Signal;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class SignalWitnessTest {
  private static final Signal SIGNAL = Signal.USR1;

  private static long pidOfWitness() {
    return ProcessHandle.current()
        .children()
        .filter(child -> child.info().arguments().stream()
            .anyMatch(arguments -> List.of(arguments).contains("pd-signals")))
        .findFirst()
        .orElseThrow()
        .pid();
  }

  private static boolean got(SignalWitness witness, SignalWitness.Source source, long arrived)
      throws InterruptedException {
    return witness.match(SIGNAL.number(), source, arrived).isPresent();
  }

  private static boolean got(SignalWitness witness, long arrived) throws InterruptedException {
    return got(witness, SignalWitness.Source.KERNEL, arrived);
  }

  private static SignalWitness start() throws Exception {
    return SignalWitness.start(Spawner.of(SignalWitness.command(List.of(SIGNAL.number()))));
  }

  /** Tests a signal that reached the witness long before this process handled it. */
  @Test
  void aReportIsThatOfOneLateArrival() throws Exception {
    try (SignalWitness witness = start();
        ProcessDescriptor process = ProcessDescriptor.open(pidOfWitness())) {
      assertTrue(process.signal(SIGNAL));
      long late = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(500);
      assertTrue(got(witness, late));
      assertFalse(got(witness, late), "another signal, to this process alone");
    }
  }

  @Test
  void eachWayOfASignalHasTheReport() throws Exception {
    try (SignalWitness witness = start();
        ProcessDescriptor process = ProcessDescriptor.open(pidOfWitness())) {
      assertTrue(process.signal(SIGNAL));
      long arrived = System.nanoTime();
      assertTrue(got(witness, SignalWitness.Source.INIT, arrived));
      assertTrue(got(witness, SignalWitness.Source.KERNEL, arrived));
      assertFalse(got(witness, SignalWitness.Source.INIT, arrived));
    }
  }

  /** A signal to the witness alone must not hide a later one to this process alone. */
  @Test
  void aReportExpires() throws Exception {
    try (SignalWitness witness = start();
        ProcessDescriptor process = ProcessDescriptor.open(pidOfWitness())) {
      assertTrue(process.signal(SIGNAL));
      witness.commandExists(); // Everything is reported.
      assertFalse(got(witness, System.nanoTime() + TimeUnit.SECONDS.toNanos(3)));
    }
  }

  /** Tests signals that came before and after the command existed. */
  @Test
  void aReportKnowsWhetherThereWasACommand() throws Exception {
    try (SignalWitness witness = start();
        ProcessDescriptor process = ProcessDescriptor.open(pidOfWitness())) {
      assertTrue(process.signal(SIGNAL));
      SignalWitness.Report before = witness
          .match(SIGNAL.number(), SignalWitness.Source.KERNEL, System.nanoTime())
          .orElseThrow();
      try (ChildProcess deaf = Spawner.of("sleep", "1000").spawn();
          ChildProcess listening = Spawner.of(
                  "sh",
                  "-c",
                  "trap : " + SIGNAL.number() + "; echo ready; while :; do sleep 1; done")
              .stdout(Stdio.pipe())
              .spawn()) {
        assertEquals('r', listening.stdout().read());
        assertFalse(before.hasReached(listening, SIGNAL.number()));
        assertTrue(process.signal(SIGNAL));
        SignalWitness.Report during = witness
            .match(SIGNAL.number(), SignalWitness.Source.KERNEL, System.nanoTime())
            .orElseThrow();
        assertTrue(during.hasReached(listening, SIGNAL.number()));
        assumeTrue(Files.exists(Path.of("/proc/self/status")), "no /proc");
        assertFalse(during.hasReached(deaf, SIGNAL.number()), "it would have ended");
      }
    }
  }
}
