package dev.procdesc.compat.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.compat.Child;
import dev.procdesc.compat.Command;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Origin;
import dev.procdesc.compat.Subject;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Text;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Tests of signals; SIGTERM and SIGKILL are 15 and 9 on every system. */
@ExtendWith(LeakCheck.class)
public abstract class SignalsContract {
  /** The subject under test. */
  protected final Subject subject;

  /** Creates the tests of a subject. */
  protected SignalsContract(Subject subject) {
    this.subject = subject;
  }

  @Test
  @Contract("C3")
  @Origin("capsicum-test: Pdfork.PdkillSignal")
  void terminateEndsAChildThatDoesNotObject() throws Exception {
    try (Child child = subject.start(Command.of("/bin/cat"))) {
      child.terminate();
      assertEquals(128 + 15, child.waitFor());
    }
  }

  @Test
  @Contract("C3")
  @Origin("selftests/pidfd: pidfd_wait wait_states (SIGKILL)")
  void killEndsAChild() throws Exception {
    try (Child child = subject.start(Command.of("/bin/cat"))) {
      child.kill();
      assertEquals(128 + 9, child.waitFor());
    }
  }

  @Test
  @Contract("C3")
  @Origin("swift-subprocess: runaway child")
  void aChildThatIgnoresTerminateIsKilled() throws Exception {
    // A program that a shell executes inherits its ignored signals.
    try (Child child = subject.start(Command.sh("trap '' TERM INT HUP; exec cat"))) {
      assertEquals("ready", Text.echo(child.stdin(), child.stdout(), "ready"));
      child.terminate();
      assertEquals("still here", Text.echo(child.stdin(), child.stdout(), "still here"));
      assertTrue(child.isAlive());
      child.kill();
      assertEquals(128 + 9, child.waitFor());
    }
  }

  @Test
  @Contract("C3")
  @Origin("capsicum-test: Pdfork.Pdkill")
  void aHandlerOfTheChildDecidesHowItEnds() throws Exception {
    try (Child child =
        subject.start(Command.sh("trap 'exit 3' TERM; echo ready; while :; do :; done"))) {
      assertEquals("ready", Text.line(child.stdout()));
      child.terminate();
      assertEquals(3, child.waitFor());
    }
  }

  @Test
  @Contract("C3")
  void aSignalToAnEndedChildDoesNothing() throws Exception {
    try (Child child = subject.start(Command.sh("exit 5"))) {
      assertEquals(5, child.waitFor());
      child.terminate();
      child.kill();
      assertEquals(5, child.waitFor());
    }
  }
}
