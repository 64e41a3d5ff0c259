package dev.procdesc.cli;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ProcessDescriptor;
import dev.procdesc.Signal;
import dev.procdesc.Spawner;
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

  /** Tests a signal that reached the witness long before this process handled it. */
  @Test
  void aReportIsThatOfOneLateArrival() throws Exception {
    int number = SIGNAL.number();
    Spawner spawner = Spawner.of(SignalWitness.command(List.of(number)));
    try (SignalWitness witness = SignalWitness.start(spawner);
        ProcessDescriptor process = ProcessDescriptor.open(pidOfWitness())) {
      assertTrue(process.signal(SIGNAL));
      long late = System.nanoTime() + TimeUnit.SECONDS.toNanos(1);
      assertTrue(witness.got(number, late));
      assertFalse(witness.got(number, late + TimeUnit.SECONDS.toNanos(1)), "another signal");
    }
  }
}
