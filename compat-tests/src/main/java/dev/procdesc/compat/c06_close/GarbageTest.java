package dev.procdesc.compat.c06_close;

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
import dev.procdesc.compat.support.Await;
import dev.procdesc.compat.support.ConcurrentCallers;
import dev.procdesc.compat.support.Descriptors;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.RawPipe;
import dev.procdesc.compat.support.Run;
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

/** A descriptor that nobody can reach any more is closed by the garbage collector. */
@ExtendWith(LeakCheck.class)
final class GarbageTest {
  /** Collects until a condition holds. */
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
      output.awaitEnd();
    }
  }

  /** Starts a child and forgets it: in a method of its own, so that no local variable keeps it. */
  private static ChildProcess start(RawPipe input, RawPipe output, OnClose onClose)
      throws IOException {
    ChildProcess child = Run.cat()
        .stdin(Stdio.descriptor(input.readEnd()))
        .stdout(output.writer())
        .onClose(onClose)
        .spawn();
    assertTrue(child.isAlive());
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
      // Another one, started later and killed when it is collected, tells that this one was too.
      try (RawPipe otherInput = RawPipe.open();
          RawPipe otherOutput = RawPipe.open()) {
        start(otherInput, otherOutput, OnClose.KILL);
        otherOutput.given();
        collectUntil("the other child is killed", () -> !otherOutput.isHeld());
      }
      assertTrue(output.isHeld());
      input.write("still here\n");
      assertEquals("still here", output.line());
      input.given();
      output.awaitEnd();
    }
  }

  @Test
  @Contract({"C5", "C6"})
  void anIncompleteFutureKeepsTheDescriptorOpen() throws Exception {
    assertKeeps(child -> child.onExit()::join, new Exited(0));
  }

  @Test
  @Contract("C6")
  void aProcessViewKeepsTheDescriptorOpen() throws Exception {
    assertKeeps(child -> child.asProcess()::waitFor, 0);
  }

  @Test
  @Contract({"C6", "C11"})
  void aWaitingThreadKeepsTheDescriptorOpen() throws Exception {
    // A method that was compiled no longer keeps its own object, unless it says so.
    try (ChildProcess ended = Run.sh("exit 0").spawn()) {
      for (int i = 0; i < 50_000; i++) {
        assertEquals(new Exited(0), ended.waitFor());
      }
    }
    assertKeeps(
        child -> {
          CompletableFuture<ExitStatus> waiting = new CompletableFuture<>();
          Thread thread = new Thread(waitFor(child, waiting));
          thread.start();
          ConcurrentCallers.awaitBlocked(thread);
          return waiting::join;
        },
        new Exited(0));
  }

  /** Waits for a child that is reachable from nowhere but from the call. */
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

  /** As long as something waits for a child, nobody else needs to hold it. */
  private static <T> void assertKeeps(Function<ChildProcess, Callable<T>> keeper, T end)
      throws Exception {
    int before = Descriptors.open().size();
    waitForTheEnd(keeper, end);
    collectUntil("the descriptor is closed", () -> Descriptors.open().size() <= before);
  }

  /** In a method of its own, so that no local variable of the caller keeps anything. */
  private static <T> void waitForTheEnd(Function<ChildProcess, Callable<T>> keeper, T end)
      throws Exception {
    try (RawPipe input = RawPipe.open();
        RawPipe output = RawPipe.open()) {
      Callable<T> wait = keeper.apply(start(input, output, OnClose.KILL));
      output.given();
      collectSomethingElse();
      assertTrue(output.isHeld(), "the child was killed although it is waited for");
      input.write("still here\n");
      assertEquals("still here", output.line());
      input.given();
      assertEquals(end, wait.call());
    }
  }

  /** Makes sure that the collector has been at work, and its consequences have been drawn. */
  private static void collectSomethingElse() throws IOException {
    try (RawPipe input = RawPipe.open();
        RawPipe output = RawPipe.open()) {
      start(input, output, OnClose.KILL);
      output.given();
      collectUntil("another child is killed", () -> !output.isHeld());
    }
  }
}
