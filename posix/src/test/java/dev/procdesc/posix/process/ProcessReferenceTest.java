package dev.procdesc.posix.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ClosedDescriptorException;
import dev.procdesc.ExitStatus;
import dev.procdesc.OnClose;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.Right;
import dev.procdesc.Signal;
import dev.procdesc.UnsupportedFeatureException;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.io.OwnedDescriptor;
import dev.procdesc.posix.io.PipeOutputImpl;
import dev.procdesc.posix.io.PollQueue;
import dev.procdesc.posix.io.TestSystem;
import dev.procdesc.posix.io.Watcher;
import dev.procdesc.testing.Await;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Tests references on a system whose kernel limits descriptors; a pipe represents the process. */
final class ProcessReferenceTest {
  private final TestSystem.Pipe pipe = TestSystem.pipe();
  private final TestOperations kernel = new TestOperations();
  private final Closing closing = new Closing();
  private final ProcessState core = new ProcessState(
      OwnedDescriptor.take(pipe.readEnd(), "the process"),
      OptionalLong.empty(),
      Optional.of(closing),
      kernel,
      new Watcher(new PollQueue()));
  private final ProcessDescriptorImpl process = new ProcessDescriptorImpl(core);

  @AfterEach
  void close() {
    process.close();
    LibC.close(pipe.writeEnd());
  }

  private static final class Closing implements CloseAction {
    private int kills;
    private Runnable atEnd = () -> {};
    private Runnable atGivingUp = () -> {};

    @Override
    public void ended() {
      atEnd.run();
    }

    @Override
    public Effect kill(int fd) {
      kills++;
      return Effect.CLOSES_DESCRIPTOR;
    }

    @Override
    public void giveUp() {
      atGivingUp.run();
    }
  }

  @Test
  void aDuplicateWithEveryRightSharesTheDescriptor() throws Exception {
    try (ProcessDescriptor copy = process.duplicate()) {
      assertEquals(process.fd(), copy.fd());
      assertEquals(List.of(), kernel.limits);
    }
    assertTrue(TestSystem.isOpen(pipe.readEnd()));
  }

  @Test
  void aRestrictedOneHasTheKernelsLimitedCopy() throws Exception {
    ProcessDescriptor weak = process.restrict(Right.SIGNAL, Right.EVENT);
    int fd = weak.fd();
    assertNotEquals(process.fd(), fd);
    assertEquals(List.of(Set.of(Right.SIGNAL, Right.EVENT)), kernel.limits);
    assertTrue(weak.signal(Signal.TERM));
    assertTrue(process.signal(Signal.TERM));
    assertEquals(List.of(fd, process.fd()), kernel.signalled);
    weak.close();
    TestSystem.assertClosed(fd);
    assertTrue(TestSystem.isOpen(pipe.readEnd()));
  }

  @Test
  void aClosedDescriptorHasNoCopies() {
    process.close();
    assertThrows(ClosedDescriptorException.class, process::duplicate);
    assertThrows(ClosedDescriptorException.class, () -> process.restrict(Right.WAIT));
    assertEquals(List.of(), kernel.limits);
  }

  @Test
  void whatTheKernelDoesNotCollectIsLetGoAtTheLastClose() throws Exception {
    ProcessDescriptor copy = process.duplicate();
    var end = process.onExit();
    process.close();
    assertFalse(end.isDone() && !end.isCompletedExceptionally());
    assertEquals(0, closing.kills);
    assertTrue(TestSystem.isOpen(pipe.readEnd()));
    copy.close();
    assertEquals(1, closing.kills);
    TestSystem.assertClosed(pipe.readEnd());
    Await.until("the future is told", end::isDone);
    assertTrue(end.isCompletedExceptionally());
  }

  /** Tests that a wait does not report the status of a death which the close has caused. */
  @Test
  void theShareIsGivenUpAfterTheWaitsHaveEnded() throws Exception {
    CompletableFuture<ExitStatus> end = process.onExit();
    closing.atGivingUp = () -> {
      ExitStatus killed = new ExitStatus.Signaled(Signal.KILL, false);
      kernel.outcome = new ProcessOperations.Outcome.Ended(killed, Optional.empty());
      assertThrows(ClosedDescriptorException.class, process::poll);
      assertThrows(ClosedDescriptorException.class, process::waitFor);
    };
    process.close();
    assertTrue(kernel.outcome instanceof ProcessOperations.Outcome.Ended, "the share was given up");
    Await.until("the future is told", end::isDone);
    assertTrue(end.isCompletedExceptionally());
  }

  @Test
  void callbacksRunAfterTheCleanup() throws Exception {
    CompletableFuture<ExitStatus> end = process.onExit();
    CompletableFuture<Boolean> tooEarly = new CompletableFuture<>();
    // The pause gives a premature callback the time to run.
    closing.atEnd = () -> tooEarly.complete(Await.holds(Duration.ofMillis(200), end::isDone));
    ExitStatus status = new ExitStatus.Exited(3);
    kernel.outcome = new ProcessOperations.Outcome.Ended(status, Optional.empty());
    assertEquals(Optional.of(status), process.poll());
    assertEquals(status, Await.get(end));
    assertFalse(Await.get(tooEarly));
  }

  @Test
  void theStatusAfterTheCloseIsThatAtTheClose() throws Exception {
    ProcessDescriptor copy = process.duplicate();
    copy.close();
    assertThrows(ClosedDescriptorException.class, copy::poll);
    ExitStatus status = new ExitStatus.Exited(3);
    kernel.outcome = new ProcessOperations.Outcome.Ended(status, Optional.empty());
    process.close();
    assertEquals(Optional.of(status), process.poll());
    assertEquals(Optional.of(status), copy.poll());
    assertEquals(status, process.waitFor());
    assertEquals(1, closing.kills);
  }

  /** Tests a child that is watched from its start, as one is that gets the terminal. */
  @Test
  void thePipesOfAChildThatHasEndedAreReleased() {
    TestSystem.Pipe input = TestSystem.pipe();
    LibC.close(input.readEnd());
    ExitStatus status = new ExitStatus.Exited(3);
    kernel.outcome = new ProcessOperations.Outcome.Ended(status, Optional.empty());
    assertEquals(Optional.of(status), process.poll());
    OwnedDescriptor end = OwnedDescriptor.take(input.writeEnd(), "a pipe");
    PipeOutputImpl output = new PipeOutputImpl(end, core.watcher());
    try (output;
        ChildProcess child = new ChildProcessImpl(
            core,
            OnClose.KILL,
            Map.of(),
            Map.of(0, output),
            List.of(),
            Optional.empty(),
            Optional.empty())) {
      assertTrue(child.stdin().isOpen());
      assertTrue(end.isClosed());
    }
  }

  @Test
  void nobodyKnowsTheId() {
    assertThrows(IllegalStateException.class, process::pid);
    assertTrue(process.toString().contains("process"));
  }

  @Test
  void whatIsNotThereSaysSo() throws Exception {
    TestOperations other = new TestOperations();
    TestSystem.Pipe second = TestSystem.pipe();
    try (ProcessDescriptorImpl another = new ProcessDescriptorImpl(new ProcessState(
        OwnedDescriptor.take(second.readEnd(), "another"),
        1,
        Optional.empty(),
        other,
        new Watcher(new PollQueue())))) {
      // The exception reports that this module has no backend: the call must not succeed silently.
      assertThrows(UnsupportedFeatureException.class, another::info);
      assertFalse(another.sameProcess(process));
      assertTrue(process.sameProcess(process));
      assertEquals(Optional.<ExitStatus>empty(), another.poll());
    } finally {
      LibC.close(second.writeEnd());
    }
  }
}
