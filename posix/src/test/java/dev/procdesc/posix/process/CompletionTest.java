package dev.procdesc.posix.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ClosedDescriptorException;
import dev.procdesc.ExitStatus;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.io.OwnedDescriptor;
import dev.procdesc.posix.io.PollQueue;
import dev.procdesc.posix.io.TestSystem;
import dev.procdesc.posix.io.Watcher;
import dev.procdesc.posix.process.ProcessOperations.Outcome;
import dev.procdesc.testing.Await;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Tests the object from which all references to a process take its end. */
final class CompletionTest {
  private static final ExitStatus STATUS = new ExitStatus.Exited(7);
  private static final Outcome ENDED = new Outcome.Ended(STATUS, Optional.empty());

  private final TestSystem.Pipe pipe = TestSystem.pipe();
  private final ProcessState core = new ProcessState(
      OwnedDescriptor.take(pipe.readEnd(), "the process"),
      OptionalLong.empty(),
      Optional.empty(),
      new TestOperations(),
      new Watcher(new PollQueue()));
  private final ProcessReference one = ProcessReference.first(core);
  private final ProcessReference other = ProcessReference.first(core);
  private final Completion completion = core.completion();

  @AfterEach
  void close() {
    one.close();
    other.close();
    LibC.close(pipe.writeEnd());
  }

  private CompletableFuture<ExitStatus> future(ProcessReference reference) {
    CompletableFuture<ExitStatus> future = new CompletableFuture<>();
    completion.onEnd(reference, future);
    return future;
  }

  @Test
  void theStatusIsCollectedOnce() {
    completion.report(new Outcome.Running());
    assertFalse(completion.hasExited());
    completion.report(new Outcome.Unreaped());
    assertTrue(completion.hasExited());
    assertEquals(Optional.empty(), completion.status());
    completion.report(ENDED);
    assertEquals(Optional.of(STATUS), completion.status());
    assertThrows(IllegalStateException.class, () -> completion.report(ENDED));
    assertThrows(IllegalStateException.class, () -> completion.report(new Outcome.Running()));
  }

  @Test
  void theEndCompletesTheFuturesOfAllReferences() throws Exception {
    CompletableFuture<Thread> callback = new CompletableFuture<>();
    CompletableFuture<Void> called =
        future(one).thenRun(() -> callback.complete(Thread.currentThread()));
    assertFalse(called.isDone());
    CompletableFuture<ExitStatus> second = future(other);
    completion.report(ENDED);
    assertFalse(second.isDone(), "a future is complete before the cleanup");
    completion.completeFutures();
    assertEquals(STATUS, Await.get(second));
    assertNotEquals(Thread.currentThread(), Await.get(callback), "a callback ran under the lock");
    assertEquals(STATUS, future(one).getNow(new ExitStatus.Exited(1)));
  }

  @Test
  void anAbandonedReferenceAloneFails() throws Exception {
    CompletableFuture<ExitStatus> abandoned = future(one);
    CompletableFuture<ExitStatus> continuing = future(other);
    Await.Running<Optional<ExitStatus>> parked =
        Await.start(() -> completion.await(one, Long.MAX_VALUE));
    completion.abandon(one, false);
    assertEquals(Optional.empty(), Await.get(parked.result()));
    assertInstanceOf(
        ClosedDescriptorException.class, Await.get(abandoned.handle((status, failure) -> failure)));
    assertTrue(future(one).isCompletedExceptionally());
    assertFalse(continuing.isDone());
    completion.report(ENDED);
    completion.completeFutures();
    assertEquals(STATUS, Await.get(continuing));
    // The status is known now, and an abandoned reference reports it too.
    assertEquals(STATUS, Await.get(future(one)));
  }

  @Test
  void theStatusIsWithheldAfterTheLastReferenceWasAbandoned() throws Exception {
    CompletableFuture<ExitStatus> pending = future(one);
    completion.abandon(other, true);
    // A close that happened before the last one may be processed after it.
    completion.abandon(one, false);
    completion.report(ENDED);
    completion.completeFutures();
    assertTrue(completion.hasEnded());
    assertEquals(Optional.empty(), completion.status());
    assertEquals(Optional.empty(), completion.await(one, Long.MAX_VALUE));
    assertInstanceOf(ClosedDescriptorException.class, Await.thrown(pending));
    assertTrue(future(one).isCompletedExceptionally());
  }

  @Test
  void aReferenceThatIsAbandonedAfterTheEndReportsTheStatus() {
    completion.report(ENDED);
    completion.abandon(one, true);
    assertEquals(Optional.of(STATUS), completion.status());
  }

  @Test
  void aParkedThreadReceivesTheStatus() throws Exception {
    assertEquals(Optional.empty(), completion.await(one, 1));
    Await.Running<Optional<ExitStatus>> parked =
        Await.start(() -> completion.await(one, Long.MAX_VALUE));
    completion.report(ENDED);
    assertEquals(Optional.of(STATUS), Await.get(parked.result()));
  }
}
