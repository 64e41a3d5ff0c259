package dev.procdesc.compat.c03_signals;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ClosedDescriptorException;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.Feature;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.Signal;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Origin;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Subjects;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.contract.SignalsContract;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.Children;
import dev.procdesc.compat.support.Libc;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scenario;
import dev.procdesc.compat.support.Text;
import dev.procdesc.testing.Await;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import jnr.constants.platform.Errno;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Tests that a signal reaches the process behind the descriptor, or no process. */
final class SignalsTest extends SignalsContract {
  SignalsTest() {
    super(Subjects.LIBRARY);
  }

  @Test
  @Contract("C3")
  @Origin({"capsicum-test: PipePdfork.Pdkill", "capsicum-test: PipePdforkDaemon.Pdkill"})
  void anIgnoredSignalDoesNotEndTheChild() throws Exception {
    try (ChildProcess child = Run.cat().spawn()) {
      Run.assertEchoes(child);
      assertTrue(child.signal(Signal.CONT));
      Run.assertEchoes(child);
      assertTrue(child.signal(Signal.INT));
      assertEquals(Run.signaled(Signal.INT), Run.end(child));
    }
  }

  @Test
  @Contract("C3")
  @Origin("capsicum-test: Pdfork.PdkillOtherSignal")
  void aUserDefinedSignalReachesItsHandler() throws Exception {
    try (ChildProcess child =
        Run.sh("trap 'exit 7' USR1; echo ready; while :; do :; done").spawn()) {
      assertEquals("ready", Text.line(child.stdout()));
      assertTrue(child.signal(Signal.USR1));
      assertEquals(new Exited(7), Run.end(child));
    }
  }

  @Test
  @Contract({"C3", "C9"})
  @Origin("capsicum-test: Pdfork.PdkillOtherSignal")
  void anInvalidSignalNumberIsEinval() throws Exception {
    try (ChildProcess child = Run.cat().spawn()) {
      ProcessDescriptorException thrown =
          assertThrows(ProcessDescriptorException.class, () -> child.signal(Signal.of("SIG65535")));
      assertEquals(Errno.EINVAL, Errno.valueOf(thrown.errno()));
      assertTrue(String.valueOf(thrown.getMessage()).contains("SIG65535"), thrown.toString());
      Run.assertEchoes(child);
    }
  }

  @Test
  @Contract("C3")
  @Origin({"selftests/pidfd: pidfd_test send_signal to exited", "capsicum-test: PipePdfork.Pdkill"})
  void signalsAfterTheExitReturnFalse() throws Exception {
    try (ChildProcess child = Run.sh("exit 0").spawn()) {
      Run.end(child);
      assertFalse(child.signal(Signal.TERM));
      assertFalse(child.kill());
      assertFalse(child.kill());
      assertEquals(new Exited(0), Run.end(child));
    }
  }

  @Test
  @Contract("C3")
  void aKillThatRacesWithTheExitIsNoError() throws Exception {
    for (int i = 0; i < 200; i++) {
      try (ChildProcess child = Run.sh("exit 16").spawn()) {
        boolean reached = child.kill();
        if (Run.end(child).equals(Run.signaled(Signal.KILL))) {
          assertTrue(reached);
        } else {
          assertEquals(new Exited(16), Run.end(child));
        }
      }
    }
  }

  @Test
  @Contract("C3")
  void aStoppedChildIsKilled() throws Exception {
    try (ChildProcess child = Run.cat().spawn()) {
      Run.assertEchoes(child);
      assertTrue(child.signal(Signal.STOP));
      assertTrue(child.kill());
      assertEquals(Run.signaled(Signal.KILL), Run.end(child));
    }
  }

  @Test
  @Contract("C3")
  @Origin("swift-subprocess: suspend and resume")
  void aChildIsStoppedAndContinued() throws Exception {
    Requires.file("/proc/self/stat");
    try (ChildProcess child = Run.cat().spawn()) {
      Run.assertEchoes(child);
      for (int i = 0; i < 3; i++) {
        assertTrue(child.signal(Signal.STOP));
        Await.until("the child has stopped", () -> Children.state(child.pid()).equals("T"));
        assertTrue(child.signal(Signal.CONT));
        Run.assertEchoes(child);
      }
    }
  }

  @Test
  @Contract("C3")
  @Origin("swift-subprocess: kill in spite of the child's signal mask")
  void aChildThatBlocksSignalsIsKilled() throws Exception {
    Signal[] all = Signal.standard().stream()
        .filter(signal -> !signal.equals(Signal.KILL) && !signal.equals(Signal.STOP))
        .toArray(Signal[]::new);
    try (ChildProcess child = Run.cat().blockedSignals(all).spawn()) {
      Run.assertEchoes(child);
      assertTrue(child.signal(Signal.TERM));
      Run.assertEchoes(child);
      assertTrue(child.kill());
      assertEquals(Run.signaled(Signal.KILL), Run.end(child));
    }
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract("C3")
  @Origin("selftests/pidfd: pidfd_test send_signal to recycled pid")
  void aProcessWithTheRecycledPidIsNotSignalled() throws Exception {
    Path last = Path.of("/proc/sys/kernel/ns_last_pid");
    Requires.file(last.toString());
    Requires.root();
    try (ChildProcess ended = Run.sh("exit 0").spawn()) {
      Run.end(ended);
      long pid = ended.pid();
      Process other = processWith(pid, last);
      try {
        assertFalse(ended.kill());
        assertFalse(ended.signal(Signal.TERM));
        Text.send(other.getOutputStream(), "alive");
        assertEquals("alive", Text.line(other.getInputStream()));
      } finally {
        other.getOutputStream().close();
        other.waitFor();
        other.getInputStream().close();
        other.getErrorStream().close();
      }
    }
  }

  /** Starts processes until one has the PID. Retries, because another process may get it first. */
  private static Process processWith(long pid, Path last) throws Exception {
    List<Process> others = new ArrayList<>();
    try {
      for (int i = 0; i < 1000; i++) {
        Files.writeString(last, Long.toString(pid - 1));
        Process process = new ProcessBuilder("/bin/cat").start();
        if (process.pid() == pid) {
          return process;
        }
        others.add(process);
      }
      Requires.that(false, "a PID that is assigned again");
      throw new AssertionError();
    } finally {
      for (Process process : others) {
        process.destroyForcibly().waitFor();
        process.getOutputStream().close();
        process.getInputStream().close();
        process.getErrorStream().close();
      }
    }
  }

  @Test
  @Tag(Tags.JVM)
  @Contract({"C3", "C6"})
  @Origin("capsicum-test: Pdfork.OtherUserIfRoot")
  void aSignalThatIsNotAllowedIsEperm() {
    Requires.feature(Feature.PROCESS_DESCRIPTORS);
    Requires.root();
    ChildJvm.of(AnotherUser.class).changingUser().run();
  }

  /** Starts a child as the superuser, and signals it as another user. */
  public static final class AnotherUser implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      ChildProcess child = Run.cat().spawn();
      Libc.check(() -> Libc.C.setuid(54_321));
      ProcessDescriptorException thrown =
          assertThrows(ProcessDescriptorException.class, child::kill);
      assertEquals(Errno.EPERM, Errno.valueOf(thrown.errno()));
      Run.assertEchoes(child);
      var end = child.onExit();
      // The child ends, because its pipes are closed too, or because the kernel kills (FreeBSD).
      // This JVM has no permission to kill it, so its end is not observed.
      child.close();
      CompletionException closed = assertThrows(CompletionException.class, end::join);
      assertInstanceOf(ClosedDescriptorException.class, closed.getCause());
      assertThrows(ClosedDescriptorException.class, child::poll);
    }
  }

  @Test
  @Contract("C3")
  @Origin("swift-subprocess: runaway child")
  void aChildInABusyLoopIsKilled() throws Exception {
    try (ChildProcess child = Run.sh("echo started; while :; do :; done").spawn()) {
      assertEquals("started", Text.line(child.stdout()));
      assertTrue(child.kill());
      assertEquals(Run.signaled(Signal.KILL), Run.end(child));
    }
  }
}
