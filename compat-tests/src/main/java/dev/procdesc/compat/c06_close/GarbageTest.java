package dev.procdesc.compat.c06_close;

import static dev.procdesc.compat.support.Liveness.assertAlive;
import static dev.procdesc.compat.support.Liveness.assertDead;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.Feature;
import dev.procdesc.OnClose;
import dev.procdesc.Stdio;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.support.ConcurrentCallers;
import dev.procdesc.compat.support.Descriptors;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.RawPipe;
import dev.procdesc.compat.support.Run;
import dev.procdesc.testing.Await;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Tests that an unreachable descriptor is closed after a garbage collection. */
@ExtendWith(LeakCheck.class)
final class GarbageTest {
  /** Requests garbage collections until a condition holds. */
  private static void collectUntil(String what, BooleanSupplier condition) {
    Await.until(what, () -> {
      System.gc();
      return condition.getAsBoolean();
    });
  }

  @Test
  @Contract("C6")
  void anUnreachableDescriptorIsClosedAndItsChildKilled() throws Exception {
    try (RawPipe input = RawPipe.open();
        RawPipe output = RawPipe.open()) {
      start(input, output, OnClose.KILL);
      output.given();
      collectUntil("the child is killed", () -> !output.isHeld());
      assertDead(output);
    }
  }

  /** Starts a child in a separate method, so that no local variable of the caller refers to it. */
  private static ChildProcess start(RawPipe input, RawPipe output, OnClose onClose)
      throws IOException {
    ChildProcess child = Run.cat()
        .stdin(Stdio.descriptor(input.readEnd()))
        .stdout(output.writer())
        .onClose(onClose)
        .spawn();
    assertAlive(child);
    return child;
  }

  @Test
  @Contract("C6")
  void anUnreachableReleasedChildSurvives() throws Exception {
    Requires.feature(Feature.KILL_ON_JVM_DEATH);
    try (RawPipe input = RawPipe.open();
        RawPipe output = RawPipe.open()) {
      start(input, output, OnClose.RELEASE);
      output.given();
      // The death of another child, which was started later and has become unreachable too, shows
      // that the collector has processed this one.
      try (RawPipe otherInput = RawPipe.open();
          RawPipe otherOutput = RawPipe.open()) {
        start(otherInput, otherOutput, OnClose.KILL);
        otherOutput.given();
        collectUntil("the other child is killed", () -> !otherOutput.isHeld());
      }
      assertAlive(output);
      input.write("still here\n");
      assertEquals("still here", output.line());
      input.given();
      assertDead(output);
    }
  }

  @Test
  @Contract({"C5", "C6"})
  void anIncompleteFutureKeepsTheDescriptorOpen() throws Exception {
    assertKeepsOpen(child -> child.onExit()::join, new Exited(0));
  }

  @Test
  @Contract("C6")
  void aProcessViewKeepsTheDescriptorOpen() throws Exception {
    assertKeepsOpen(child -> child.asProcess()::waitFor, 0);
  }

  @Test
  @Contract("C6")
  void aChildThatIsUsedAsAProcessIsNotCollectedBeforeItsEnd() throws Exception {
    int before = Descriptors.open().size();
    try (RawPipe input = RawPipe.open();
        RawPipe output = RawPipe.open()) {
      long pid = start(input, output, OnClose.KILL).asProcess().pid();
      output.given();
      awaitCollection();
      assertTrue(output.isHeld(), "process " + pid + " was killed");
      input.write("still here\n");
      assertEquals("still here", output.line());
      input.given();
      assertDead(output);
    }
    Await.until("the descriptor is closed", () -> Descriptors.open().size() <= before);
  }

  @Test
  @Contract({"C6", "C11"})
  void aWaitingThreadKeepsTheDescriptorOpen() throws Exception {
    // In a compiled method, "this" may become unreachable before the method returns, so this makes
    // the JIT compile waitFor.
    try (ChildProcess ended = Run.sh("exit 0").spawn()) {
      for (int i = 0; i < 50_000; i++) {
        assertEquals(new Exited(0), ended.waitFor());
      }
    }
    assertKeepsOpen(
        child -> {
          CompletableFuture<ExitStatus> waiting = new CompletableFuture<>();
          Thread thread = new Thread(waitFor(child, waiting));
          thread.start();
          ConcurrentCallers.awaitBlocked(thread);
          return waiting::join;
        },
        new Exited(0));
  }

  /** Returns a task that waits for a child to which only the running call refers. */
  private static Runnable waitFor(ChildProcess child, CompletableFuture<ExitStatus> status) {
    Deque<ChildProcess> only = new ArrayDeque<>(List.of(child));
    return () -> {
      try {
        status.complete(only.remove().waitFor());
      } catch (InterruptedException e) {
        status.completeExceptionally(e);
      }
    };
  }

  /** Asserts that a wait for a child keeps the descriptor open without any other reference. */
  private static <T> void assertKeepsOpen(Function<ChildProcess, Callable<T>> wait, T end)
      throws Exception {
    int before = Descriptors.open().size();
    waitForTheEnd(wait, end);
    collectUntil("the descriptor is closed", () -> Descriptors.open().size() <= before);
  }

  /** Waits in a separate method, so that no local variable of the caller refers to the child. */
  private static <T> void waitForTheEnd(Function<ChildProcess, Callable<T>> wait, T end)
      throws Exception {
    try (RawPipe input = RawPipe.open();
        RawPipe output = RawPipe.open()) {
      Callable<T> waiting = wait.apply(start(input, output, OnClose.KILL));
      output.given();
      awaitCollection();
      assertTrue(output.isHeld(), "the child was killed although a caller waits for it");
      input.write("still here\n");
      assertEquals("still here", output.line());
      input.given();
      assertEquals(end, waiting.call());
    }
  }

  /** Waits until a garbage collection has closed the descriptor of another child. */
  private static void awaitCollection() throws IOException {
    try (RawPipe input = RawPipe.open();
        RawPipe output = RawPipe.open()) {
      start(input, output, OnClose.KILL);
      output.given();
      collectUntil("another child is killed", () -> !output.isHeld());
    }
  }
}
