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
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Tests of the exit of a child as an event. */
@ExtendWith(LeakCheck.class)
public abstract class ExitEventsContract {
  /** The subject under test. */
  protected final Subject subject;

  /** Creates the tests of a subject. */
  protected ExitEventsContract(Subject subject) {
    this.subject = subject;
  }

  /** Returns the value of a future, which must complete. */
  protected static <T> T get(CompletableFuture<T> future) throws Exception {
    return future.get(Timeouts.CEILING.toMillis(), TimeUnit.MILLISECONDS);
  }

  @Test
  @Contract("C5")
  void theFutureCompletesWhenTheChildEnds() throws Exception {
    try (Child child = subject.start(Command.sh("read line; exit 6"))) {
      CompletableFuture<Integer> end = child.onExit();
      assertFalse(end.isDone());
      child.stdin().close();
      assertEquals(6, get(end));
    }
  }

  @Test
  @Contract("C5")
  void aFutureAskedForAfterTheEndCompletesToo() throws Exception {
    try (Child child = subject.start(Command.sh("exit 7"))) {
      child.waitFor();
      assertEquals(7, get(child.onExit()));
    }
  }

  @Test
  @Contract({"C4", "C5"})
  @Origin("swift-subprocess: monitor the same process from two tasks")
  void everyListenerHearsOfTheEnd() throws Exception {
    try (Child child = subject.start(Command.sh("read line; exit 8"))) {
      List<CompletableFuture<Integer>> ends = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        ends.add(child.onExit().thenApply(code -> code + 1));
      }
      child.stdin().close();
      for (CompletableFuture<Integer> end : ends) {
        assertEquals(9, get(end));
      }
    }
  }

  @Test
  @Contract("C5")
  @Origin("swift-subprocess: exit-signal coalescing")
  void noEndIsLostWhenManyEndAtOnce() throws Exception {
    List<Child> children = new ArrayList<>();
    try {
      List<CompletableFuture<Integer>> ends = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        Child child = subject.start(Command.sh("read line; exit $1", Integer.toString(i)));
        children.add(child);
        ends.add(child.onExit());
      }
      for (Child child : children) {
        child.stdin().close();
      }
      for (int i = 0; i < 50; i++) {
        assertEquals(i, get(ends.get(i)));
      }
    } finally {
      for (Child child : children) {
        child.close();
      }
    }
  }

  @Test
  @Contract("C5")
  void theEndOfOneIsNotTheEndOfAnother() throws Exception {
    try (Child first = subject.start(Command.sh("read line; exit 1"));
        Child second = subject.start(Command.sh("read line; exit 2"))) {
      CompletableFuture<Integer> endOfFirst = first.onExit();
      CompletableFuture<Integer> endOfSecond = second.onExit();
      second.stdin().close();
      assertEquals(2, get(endOfSecond));
      assertFalse(endOfFirst.isDone());
      assertTrue(first.isAlive());
      first.stdin().close();
      assertEquals(1, get(endOfFirst));
    }
  }
}
