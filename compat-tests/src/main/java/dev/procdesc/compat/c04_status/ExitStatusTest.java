package dev.procdesc.compat.c04_status;

import static dev.procdesc.compat.support.Liveness.assertAlive;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.ExitStatus.Signaled;
import dev.procdesc.ExitStatus.Unknown;
import dev.procdesc.Feature;
import dev.procdesc.Limit;
import dev.procdesc.Resource;
import dev.procdesc.Signal;
import dev.procdesc.Stdio;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Origin;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Subjects;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.contract.ExitStatusContract;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Text;
import dev.procdesc.testing.Await;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests that the status is exactly the exit code, or the signal and core flag, of the kernel. */
final class ExitStatusTest extends ExitStatusContract {
  ExitStatusTest() {
    super(Subjects.LIBRARY);
  }

  @Test
  @Contract("C4")
  void everyExitCodeIsReported() throws Exception {
    for (int code = 0; code <= 255; code++) {
      try (ChildProcess child = Run.sh("exit " + code).spawn()) {
        assertEquals(new Exited(code), Run.end(child));
      }
    }
  }

  @Test
  @Contract("C4")
  void anExitCodeIsNotASignal() throws Exception {
    try (ChildProcess exited = Run.sh("exit 137").spawn();
        ChildProcess killed = Run.cat().spawn()) {
      killed.kill();
      assertEquals(new Exited(137), Run.end(exited));
      assertEquals(new Signaled(Signal.KILL, false), Run.end(killed));
      assertEquals(Run.end(exited).shellCode(), Run.end(killed).shellCode());
    }
  }

  @Test
  @Contract("C4")
  void everyFatalSignalIsReported() throws Exception {
    List<Signal> harmless = List.of(
        Signal.CHLD,
        Signal.CONT,
        Signal.URG,
        Signal.WINCH,
        Signal.STOP,
        Signal.TSTP,
        Signal.TTIN,
        Signal.TTOU);
    for (Signal signal : Signal.standard()) {
      // Some systems ignore SIGIO by default.
      if (harmless.contains(signal) || signal.equals(Signal.IO)) {
        continue;
      }
      // Disables the core image, whatever this machine's default; "ulimit" is a shell built-in.
      try (ChildProcess child = Run.sh("ulimit -c 0; exec cat").spawn()) {
        Run.assertEchoes(child);
        assertTrue(child.signal(signal));
        assertEquals(new Signaled(signal, false), Run.end(child));
        assertEquals(128 + signal.number(), Run.end(child).shellCode());
      }
    }
  }

  @Test
  @Contract("C4")
  void aSignalWithoutAPortableNameIsReportedByNumber() throws Exception {
    Signal signal = Signal.of("SIG40");
    try (ChildProcess child = Run.cat().spawn()) {
      Run.assertEchoes(child);
      assertTrue(child.signal(signal));
      assertEquals(new Signaled(Signal.ofNumber(40), false), Run.end(child));
    }
  }

  @Test
  @Tag(Tags.KILLS)
  @Contract("C4")
  void theCoreFlagMatchesTheShells(@TempDir Path directory) throws Exception {
    Requires.feature(Feature.CHILD_SETUP);
    // The machine decides about core images, so the expected flag comes from a shell's report.
    String shell = Run.output(Run.sh("ulimit -c unlimited; sh -c 'kill -SEGV $$'; true")
        .stderr(Stdio.stdout())
        .directory(directory));
    boolean dumped = shell.contains("core dumped");
    try (ChildProcess child =
        Run.cat().limit(Resource.CORE, Limit.unlimited()).directory(directory).spawn()) {
      Run.assertEchoes(child);
      child.signal(Signal.SEGV);
      assertEquals(new Signaled(Signal.SEGV, dumped), Run.end(child));
    }
    try (ChildProcess child =
        Run.cat().limit(Resource.CORE, Limit.of(0)).directory(directory).spawn()) {
      Run.assertEchoes(child);
      child.signal(Signal.SEGV);
      assertEquals(new Signaled(Signal.SEGV, false), Run.end(child));
    }
  }

  @Test
  @Contract("C4")
  @Origin("capsicum-test: PipePdfork.MultipleRetrieveExitStatus")
  void everyMethodReturnsTheSameStatus() throws Exception {
    try (ChildProcess child = Run.sh("exit 12").spawn()) {
      ExitStatus status = Run.end(child);
      assertEquals(new Exited(12), status);
      assertEquals(Optional.of(status), child.poll());
      assertEquals(status, child.waitFor());
      assertEquals(Optional.of(status), child.waitFor(Duration.ZERO));
      assertEquals(Optional.of(status), child.waitFor(Duration.ofSeconds(-1)));
      assertEquals(status, child.onExit().join());
      assertFalse(child.isAlive());
    }
  }

  @Test
  @Contract("C4")
  void pollAloneDetectsTheExit() throws Exception {
    try (ChildProcess child = Run.sh("exit 13").spawn()) {
      Await.until("poll returns the status", () -> child.poll().isPresent());
      assertEquals(Optional.of(new Exited(13)), child.poll());
      assertFalse(child.isAlive());
    }
  }

  @Test
  @Contract("C4")
  void theStatusIsRetainedAfterTheClose() throws Exception {
    ChildProcess child = Run.sh("exit 14").spawn();
    ExitStatus status = Run.end(child);
    child.close();
    assertEquals(Optional.of(status), child.poll());
    assertEquals(status, child.waitFor());
    assertEquals(Optional.of(status), child.waitFor(Duration.ZERO));
    assertEquals(status, child.onExit().join());
    assertFalse(child.isAlive());
  }

  @Test
  @Contract("C4")
  void aStoppedChildHasNotExited() throws Exception {
    try (ChildProcess child = Run.cat().spawn()) {
      Run.assertEchoes(child);
      assertTrue(child.signal(Signal.STOP));
      assertEquals(Optional.empty(), child.waitFor(Duration.ofMillis(20)));
      assertAlive(child);
      assertTrue(child.signal(Signal.CONT));
      Run.assertEchoes(child);
      child.stdin().close();
      assertEquals(new Exited(0), Run.end(child));
    }
  }

  @Test
  @Contract("C4")
  void theStatusIsOfTheProgramAndNotOfItsChildren() throws Exception {
    try (ChildProcess child =
        Run.sh("exec 3<&0; (read line <&3; exit 3) & exit 15").spawn()) {
      assertEquals(new Exited(15), Run.end(child));
      Text.send(child.stdin(), "end");
      assertEquals("", Text.all(child.stdout()));
    }
  }

  @Test
  @Contract("C4")
  void isSuccessAndShellCodeFollowTheStatus() {
    assertTrue(new Exited(0).isSuccess());
    assertFalse(new Exited(1).isSuccess());
    assertFalse(new Signaled(Signal.TERM, false).isSuccess());
    assertFalse(new Unknown("reaped").isSuccess());
    assertEquals(3, new Exited(3).shellCode());
    assertEquals(137, new Signaled(Signal.KILL, false).shellCode());
    IllegalStateException thrown =
        assertThrows(IllegalStateException.class, () -> new Unknown("reaped").shellCode());
    assertTrue(String.valueOf(thrown.getMessage()).contains("reaped"));
  }
}
