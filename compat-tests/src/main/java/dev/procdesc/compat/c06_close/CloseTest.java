package dev.procdesc.compat.c06_close;

import static dev.procdesc.compat.support.Liveness.assertAlive;
import static dev.procdesc.compat.support.Liveness.assertDead;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ClosedDescriptorException;
import dev.procdesc.ExitStatus;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.OnClose;
import dev.procdesc.Signal;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Origin;
import dev.procdesc.compat.support.Children;
import dev.procdesc.compat.support.ConcurrentCallers;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.RawPipe;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Text;
import dev.procdesc.testing.Await;
import dev.procdesc.testing.Timeouts;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Tests that the last close kills or releases the child, and that no zombie remains. */
@ExtendWith(LeakCheck.class)
final class CloseTest {
  /** Returns a child that runs until the end of its input and has the pipe as standard output. */
  private static Spawner holding(RawPipe pipe) {
    return Run.cat().stdout(pipe.writer());
  }

  @Test
  @Contract("C6")
  @Origin("capsicum-test: PipePdfork.Close")
  void closeKills() throws Exception {
    try (RawPipe pipe = RawPipe.open()) {
      ChildProcess child = holding(pipe).spawn();
      pipe.given();
      assertAlive(pipe);
      child.close();
      assertDead(pipe);
    }
  }

  @Test
  @Contract("C6")
  void leavingTheTryBlockKills() throws Exception {
    try (RawPipe pipe = RawPipe.open()) {
      assertThrows(IllegalStateException.class, () -> {
        try (ChildProcess child = holding(pipe).spawn()) {
          pipe.given();
          throw new IllegalStateException("on purpose, with " + child);
        }
      });
      assertDead(pipe);
    }
  }

  @Test
  @Contract("C6")
  void closeKillsAChildThatIgnoresSignals() throws Exception {
    try (RawPipe pipe = RawPipe.open()) {
      ChildProcess child =
          Run.sh("trap '' TERM HUP INT; exec sleep 1000").stdout(pipe.writer()).spawn();
      pipe.given();
      child.close();
      assertDead(pipe);
    }
  }

  @Test
  @Contract("C6")
  void closeKillsAStoppedChild() throws Exception {
    try (RawPipe pipe = RawPipe.open()) {
      ChildProcess child = holding(pipe).spawn();
      pipe.given();
      assertTrue(child.signal(Signal.STOP));
      child.close();
      assertDead(pipe);
    }
  }

  @Test
  @Contract({"C4", "C6"})
  void theFutureReportsTheKill() throws Exception {
    ChildProcess child = Run.cat().spawn();
    CompletableFuture<ExitStatus> end = child.onExit();
    child.close();
    assertEquals(
        Run.signaled(Signal.KILL), end.get(Timeouts.CEILING.toMillis(), TimeUnit.MILLISECONDS));
    assertEquals(
        Optional.of(Run.signaled(Signal.KILL)),
        child.poll(),
        "the status is available after the close");
    assertEquals(Run.signaled(Signal.KILL), child.waitFor());
  }

  @Test
  @Contract("C6")
  void closeOfAnExitedChildIsNoError() throws Exception {
    ChildProcess child = Run.sh("exit 0").spawn();
    Run.end(child);
    child.close();
    child.close();
  }

  @Test
  @Contract("C6")
  @Origin("capsicum-test: PipePdfork.ChildExit")
  void anExitedChildWithoutAWaiterIsReapedAfterTheClose() throws Exception {
    try (RawPipe pipe = RawPipe.open()) {
      ChildProcess child = Run.sh("exit 0").stdout(pipe.writer()).spawn();
      pipe.given();
      assertDead(pipe);
      child.close();
    }
  }

  @Test
  @Contract("C6")
  void anExitedChildWithoutAWaiterIsReapedBeforeTheClose() throws Exception {
    try (ChildProcess child = Run.sh("exit 20").spawn()) {
      long pid = child.pid();
      Await.until("the child is reaped", () -> !Children.isThere(pid));
      assertEquals(new Exited(20), Run.end(child));
    }
  }

  @Test
  @Contract("C6")
  void closeKillsTheChildAndNotItsChildren() throws Exception {
    try (RawPipe go = RawPipe.open();
        RawPipe pipe = RawPipe.open()) {
      // A shell redirects the standard input of background jobs, but no other descriptor.
      ChildProcess child = Run.sh(
              "exec 3<&0; (read line <&3; echo \"got $line\") & echo started; wait")
          .stdin(Stdio.descriptor(go.readEnd()))
          .stdout(pipe.writer())
          .spawn();
      pipe.given();
      assertEquals("started", pipe.line());
      CompletableFuture<ExitStatus> end = child.onExit();
      child.close();
      assertEquals(Run.signaled(Signal.KILL), end.join());
      go.write("on\n");
      assertEquals("got on", pipe.line());
      assertDead(pipe);
    }
  }

  @Test
  @Contract("C6")
  @Origin("capsicum-test: PipePdforkDaemon.Close")
  void aReleasedChildSurvivesTheClose() throws Exception {
    ChildProcess child = Run.cat().onClose(OnClose.RELEASE).spawn();
    child.close();
    // The close leaves the pipes of a released child open for the caller.
    Run.assertEchoes(child);
    child.stdin().close();
    assertEquals(-1, child.stdout().read());
    child.stdout().close();
  }

  @Test
  @Contract("C6")
  void aReleasedChildIsReapedWhenItExits() throws Exception {
    ChildProcess child = Run.cat().onClose(OnClose.RELEASE).spawn();
    long pid = child.pid();
    child.close();
    Run.assertEchoes(child);
    assertTrue(Children.isThere(pid), "the child exists until its input ends");
    child.stdin().close();
    child.stdout().close();
    Await.until("the child is reaped", () -> !Children.isThere(pid));
  }

  @Test
  @Contract("C6")
  void manyReleasedChildrenAreReaped() throws Exception {
    for (int i = 0; i < 50; i++) {
      ChildProcess child = Run.sh("exit 0").onClose(OnClose.RELEASE).spawn();
      child.stdin().close();
      child.stdout().close();
      child.close();
    }
  }

  @Test
  @Contract("C6")
  void waitersForAReleasedChildFailAtTheClose() throws Exception {
    ChildProcess child = Run.cat().onClose(OnClose.RELEASE).spawn();
    CompletableFuture<ExitStatus> end = child.onExit();
    try (ConcurrentCallers<ExitStatus> waiters = new ConcurrentCallers<>(Thread::new)) {
      waiters.add(child::waitFor);
      waiters.awaitBlocked();
      child.close();
      assertThrows(ClosedDescriptorException.class, waiters::results);
    }
    ExecutionException thrown = assertThrows(
        ExecutionException.class,
        () -> end.get(Timeouts.CEILING.toMillis(), TimeUnit.MILLISECONDS));
    assertInstanceOf(ClosedDescriptorException.class, thrown.getCause());
    Run.assertEchoes(child);
    child.stdin().close();
    child.stdout().close();
  }

  @Test
  @Contract("C6")
  void aReleasedChildThatExitedBeforeTheCloseRetainsItsStatus() throws Exception {
    ChildProcess child = Run.sh("exit 21").onClose(OnClose.RELEASE).spawn();
    assertEquals(new Exited(21), Run.end(child));
    child.close();
    assertEquals(new Exited(21), child.waitFor());
    child.stdin().close();
    child.stdout().close();
  }

  @Test
  @Contract("C6")
  void aReleasedChildCanBeKilledBeforeTheClose() throws Exception {
    try (ChildProcess child = Run.cat().onClose(OnClose.RELEASE).spawn()) {
      assertTrue(child.kill());
      assertEquals(Run.signaled(Signal.KILL), Run.end(child));
      child.stdin().close();
      child.stdout().close();
    }
  }

  @Test
  @Contract({"C9", "C11"})
  @Origin("freebsd-src: procdesc.c poll_close_race")
  void methodsThrowAfterTheCloseOfAReleasedChild() throws Exception {
    // The status of a released child can no longer become known after the close.
    ChildProcess child = Run.cat().onClose(OnClose.RELEASE).spawn();
    long pid = child.pid();
    child.close();
    child.close();
    assertEquals(pid, child.pid());
    assertFalse(child.toString().isEmpty());
    assertThrows(ClosedDescriptorException.class, child::fd);
    assertThrows(ClosedDescriptorException.class, () -> child.signal(Signal.TERM));
    assertThrows(ClosedDescriptorException.class, child::kill);
    assertThrows(ClosedDescriptorException.class, child::isAlive);
    assertThrows(ClosedDescriptorException.class, child::poll);
    assertThrows(ClosedDescriptorException.class, child::waitFor);
    assertThrows(ClosedDescriptorException.class, () -> child.waitFor(Duration.ZERO));
    assertThrows(ClosedDescriptorException.class, () -> child.waitFor(Duration.ofHours(1)));
    assertThrows(ClosedDescriptorException.class, child::onExit);
    assertThrows(ClosedDescriptorException.class, () -> child.onStateChange(change -> {}));
    assertEquals(Optional.empty(), child.resourceUsage());
    assertTrue(child.hasPipe(0));
    // None of these calls has affected the child.
    Run.assertEchoes(child);
    Text.send(child.stdin(), "");
    child.stdin().close();
    child.stdout().close();
  }

  @Test
  @Contract("C9")
  void methodsThatNeedTheDescriptorThrowAfterTheCloseEvenIfTheStatusIsKnown() throws Exception {
    ChildProcess child = Run.sh("exit 22").spawn();
    Run.end(child);
    child.close();
    assertThrows(ClosedDescriptorException.class, child::fd);
    assertThrows(ClosedDescriptorException.class, () -> child.signal(Signal.TERM));
    assertThrows(ClosedDescriptorException.class, child::kill);
    assertEquals(Optional.of(new Exited(22)), child.poll());
  }
}
