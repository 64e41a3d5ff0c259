package dev.procdesc.compat.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.compat.Child;
import dev.procdesc.compat.Command;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Origin;
import dev.procdesc.compat.Subject;
import dev.procdesc.compat.support.ConcurrentCallers;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Text;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Tests of methods that are called from any thread. */
@ExtendWith(LeakCheck.class)
public abstract class ConcurrencyContract {
  /** The subject under test. */
  protected final Subject subject;

  /** Creates the tests of a subject. */
  protected ConcurrencyContract(Subject subject) {
    this.subject = subject;
  }

  @Test
  @Contract({"C4", "C11"})
  void everyWaiterGetsTheSameStatus() throws Exception {
    try (Child child = subject.start(Command.sh("read line; exit 9"));
        ConcurrentCallers<Integer> waiters = new ConcurrentCallers<>(Thread::new)) {
      for (int i = 0; i < 20; i++) {
        waiters.add(child::waitFor);
      }
      waiters.awaitBlocked();
      child.stdin().close();
      waiters.results().forEach(code -> assertEquals(9, code));
    }
  }

  @Test
  @Contract("C11")
  @Origin("capsicum-test: Pdfork.FromThread")
  void aChildOutlivesTheThreadThatStartedIt() throws Exception {
    FutureTask<Child> start =
        new FutureTask<>(() -> subject.start(Command.sh("read line; exit 10")));
    Thread thread = new Thread(start);
    thread.start();
    try (Child child = start.get()) {
      thread.join();
      assertTrue(child.isAlive());
      Text.send(child.stdin(), "go on");
      assertEquals(10, child.waitFor());
    }
  }

  @Test
  @Contract("C11")
  void anInterruptEndsTheWaitAndNotTheChild() throws Exception {
    try (Child child = subject.start(Command.of("/bin/cat"))) {
      FutureTask<Boolean> wait = new FutureTask<>(() -> {
        assertThrows(InterruptedException.class, child::waitFor);
        return Thread.currentThread().isInterrupted();
      });
      Thread thread = new Thread(wait);
      thread.start();
      ConcurrentCallers.awaitBlocked(thread);
      thread.interrupt();
      assertFalse(wait.get(), "the exception clears the interrupt");
      assertEquals("alive", Text.echo(child.stdin(), child.stdout(), "alive"));
    }
  }

  @Test
  @Contract("C11")
  void aWaitOfAnInterruptedThreadDoesNotBegin() throws Exception {
    try (Child child = subject.start(Command.of("/bin/cat"))) {
      Thread.currentThread().interrupt();
      assertThrows(InterruptedException.class, child::waitFor);
      assertFalse(Thread.interrupted());
    }
  }

  @Test
  @Contract({"C4", "C11"})
  void twoHundredChildrenAtOnce() throws Exception {
    List<Child> children = new ArrayList<>();
    try {
      for (int i = 0; i < 200; i++) {
        children.add(subject.start(Command.sh("read line; exit $1", Integer.toString(i))));
      }
      for (Child child : children) {
        assertTrue(child.isAlive());
      }
      for (Child child : children) {
        child.stdin().close();
      }
      for (int i = 0; i < 200; i++) {
        assertEquals(i, children.get(i).waitFor());
      }
    } finally {
      for (Child child : children) {
        child.close();
      }
    }
  }

  @Test
  @Contract("C11")
  void manyThreadsSpawnAtOnce() throws Exception {
    try (ConcurrentCallers<Integer> spawners = new ConcurrentCallers<>(Thread::new)) {
      for (int i = 0; i < 16; i++) {
        int thread = i;
        spawners.add(() -> {
          for (int j = 0; j < 10; j++) {
            String line = thread + " " + j;
            // The output ends when the child exits: no sibling may hold the pipe.
            try (Child child = subject.start(Command.sh("echo \"$1\"; exit $2", line, "" + j))) {
              assertEquals(line, Text.all(child.stdout()));
              assertEquals(j, child.waitFor());
            }
          }
          return thread;
        });
      }
      assertEquals(16, spawners.results().size());
    }
  }
}
