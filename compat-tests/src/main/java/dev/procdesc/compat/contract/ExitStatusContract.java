package dev.procdesc.compat.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.compat.Child;
import dev.procdesc.compat.Command;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Origin;
import dev.procdesc.compat.Subject;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.testing.Timeouts;
import java.time.Duration;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests of the status, which is exact and does not change. */
@ExtendWith(LeakCheck.class)
public abstract class ExitStatusContract {
  /** The subject under test. */
  protected final Subject subject;

  /** Creates the tests of a subject. */
  protected ExitStatusContract(Subject subject) {
    this.subject = subject;
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 126, 127, 128, 129, 137, 254, 255})
  @Contract("C4")
  @Origin({"selftests/pidfd: pidfd_wait wait_simple", "capsicum-test: PipePdfork.ChildExit"})
  void theExitCodeIsExact(int code) throws Exception {
    try (Child child = subject.start(Command.sh("exit $1", Integer.toString(code)))) {
      assertEquals(code, child.waitFor());
    }
  }

  @Test
  @Contract("C4")
  @Origin("capsicum-test: Pdfork.Simple")
  void theStatusStaysHoweverOftenAndLateItIsAsked() throws Exception {
    try (Child child = subject.start(Command.sh("exit 42"))) {
      assertEquals(42, child.waitFor());
      assertEquals(42, child.waitFor());
      assertEquals(OptionalInt.of(42), child.waitFor(Duration.ZERO));
      assertEquals(42, child.onExit().join());
      assertFalse(child.isAlive());
    }
  }

  @Test
  @Contract("C4")
  void aChildThatRunsHasNoStatus() throws Exception {
    try (Child child = subject.start(Command.of("/bin/cat"))) {
      assertTrue(child.isAlive());
      assertEquals(OptionalInt.empty(), child.waitFor(Duration.ZERO));
      assertEquals(OptionalInt.empty(), child.waitFor(Duration.ofMillis(1)));
      assertFalse(child.onExit().isDone());
      child.stdin().close();
      assertEquals(OptionalInt.of(0), child.waitFor(Timeouts.CEILING));
    }
  }

  @Test
  @Contract("C4")
  void aLongTimeoutIsNoOverflow() throws Exception {
    try (Child child = subject.start(Command.sh("read line; exit 4"))) {
      child.stdin().close();
      assertEquals(OptionalInt.of(4), child.waitFor(Duration.ofNanos(Long.MAX_VALUE)));
    }
  }
}
