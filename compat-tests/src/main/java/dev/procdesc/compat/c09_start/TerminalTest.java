package dev.procdesc.compat.c09_start;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.Feature;
import dev.procdesc.Signal;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Libc;
import dev.procdesc.compat.support.PseudoTerminal;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Text;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Tests controlling terminals, with a pseudo terminal whose master the test holds. */
@ExtendWith(LeakCheck.class)
final class TerminalTest {
  private Optional<PseudoTerminal> opened = Optional.empty();

  @BeforeEach
  void open() {
    Requires.feature(Feature.CHILD_SETUP);
    opened = Optional.of(new PseudoTerminal());
  }

  @AfterEach
  void close() {
    opened.ifPresent(PseudoTerminal::close);
  }

  private PseudoTerminal pty() {
    return opened.orElseThrow();
  }

  private Spawner onTerminal(String script) {
    return Run.sh(script).stdin(pty().terminal()).controllingTerminal(0);
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract("C9")
  void theChildHasTheControllingTerminal() throws Exception {
    // FreeBSD revokes the terminal when the session leader exits: unread output is lost.
    try (ChildProcess child = onTerminal("tty; echo hello >/dev/tty; read line").spawn()) {
      assertEquals(pty().name(), Text.line(child.stdout()));
      assertEquals("hello\r\n", pty().line());
      pty().type("\n");
      assertEquals(new Exited(0), Run.end(child));
    }
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract("C9")
  void theChildLeadsItsSessionInTheForeground() throws Exception {
    try (ChildProcess child = onTerminal("echo ready; exec sleep 1000").spawn()) {
      assertEquals("ready", Text.line(child.stdout()));
      assertEquals(child.pid(), Libc.C.getsid((int) child.pid()));
      assertEquals(child.pid(), pty().foreground());
    }
  }

  @Test
  @Contract("C9")
  void theInterruptKeySendsSigint() throws Exception {
    // A shell might handle the interrupt itself before it executes a program, so none is used.
    Spawner spawner =
        Run.cat().stdin(pty().terminal()).stdout(Stdio.nullDevice()).controllingTerminal(0);
    try (ChildProcess child = spawner.spawn()) {
      pty().type("\3"); // Ctrl-C
      assertEquals(Run.signaled(Signal.INT), Run.end(child));
    }
  }

  @Test
  @Contract("C9")
  void theTerminalMayHaveAnyNumber() throws Exception {
    try (ChildProcess child = Run.sh("exec tty <&7")
        .descriptor(7, pty().terminal())
        .controllingTerminal(7)
        .spawn()) {
      assertEquals(pty().name(), Text.all(child.stdout()));
    }
  }

  @Test
  @Contract("C9")
  void theForegroundMayBeRequested() throws Exception {
    // The child leads the session of its terminal, so its process group is the session's only one.
    try (ChildProcess child =
        onTerminal("echo ready; exec sleep 1000").foreground(0).spawn()) {
      assertEquals("ready", Text.line(child.stdout()));
      assertEquals(child.pid(), pty().foreground());
    }
  }

  @Test
  @Contract("C9")
  void aNewSessionHasNoControllingTerminal() throws Exception {
    try (ChildProcess child = Run.sh(
            "if (: </dev/tty) 2>/dev/null; then echo some; else echo none; fi")
        .newSession()
        .spawn()) {
      assertEquals("none", Text.all(child.stdout()));
    }
    assertTrue(pty().isOpen());
  }
}
