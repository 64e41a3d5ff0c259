package dev.procdesc.posix.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.procdesc.ExitStatus;
import dev.procdesc.OnClose;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.ProcessScope;
import dev.procdesc.Signal;
import dev.procdesc.Teardown;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.io.OwnedDescriptor;
import dev.procdesc.posix.io.PollQueue;
import dev.procdesc.posix.io.TestSystem;
import dev.procdesc.posix.io.Watcher;
import dev.procdesc.posix.process.ProcessOperations.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Tests the order of kills and waits of a scope; a pipe represents each process. */
final class ProcessScopeImplTest {
  private static final int COUNT = 5;
  private static final ExitStatus KILLED = new ExitStatus.Signaled(Signal.KILL, false);

  private final Watcher watcher = new Watcher(new PollQueue());
  private final List<TestProcess> processes = new ArrayList<>();
  private final List<String> events = new CopyOnWriteArrayList<>();
  private final ProcessScope scope = ProcessScopeImpl.open(Optional.empty());

  /** A process that ends at its kill, which is not noticed before the process is queried. */
  private final class TestProcess implements CloseAction {
    private final TestSystem.Pipe pipe;
    private final TestOperations operations;
    private boolean silent = true;

    TestProcess(TestSystem.Pipe pipe, TestOperations operations) {
      this.pipe = pipe;
      this.operations = operations;
    }

    @Override
    public Effect kill(int fd) {
      events.add("kill");
      operations.outcome = new Outcome.Ended(KILLED, Optional.empty());
      return Effect.ENDS_PROCESS;
    }

    /** Ends the process, and notifies those that wait for it. */
    private void end(ExitStatus status) {
      operations.outcome = new Outcome.Ended(status, Optional.empty());
      closeWriteEnd();
    }

    /** Makes the read end readable. */
    private void closeWriteEnd() {
      if (silent) {
        silent = false;
        LibC.close(pipe.writeEnd());
      }
    }

    @Override
    public void ended() {
      events.add("end");
    }
  }

  private ChildProcessImpl child(TestOperations operations) {
    TestSystem.Pipe pipe = TestSystem.pipe();
    TestProcess process = new TestProcess(pipe, operations);
    processes.add(process);
    ProcessState state = new ProcessState(
        OwnedDescriptor.take(pipe.readEnd(), "a process"),
        OptionalLong.of(processes.size()),
        Optional.of(process),
        operations,
        watcher);
    return new ChildProcessImpl(
        state, OnClose.KILL, Map.of(), Map.of(), List.of(), Optional.empty(), Optional.empty());
  }

  @AfterEach
  void close() {
    scope.close();
    processes.forEach(TestProcess::closeWriteEnd);
  }

  /** If one after the other were closed, each would end before the next is killed. */
  @Test
  void closeKillsAllBeforeItWaits() throws Exception {
    for (int i = 0; i < COUNT; i++) {
      scope.add(child(new TestOperations()));
    }
    scope.close();
    List<String> expected = new ArrayList<>();
    for (String event : List.of("kill", "end")) {
      for (int i = 0; i < COUNT; i++) {
        expected.add(event);
      }
    }
    assertEquals(expected, events);
  }

  /** A process runs as another user, so that it cannot be signaled; the others end all the same. */
  @Test
  void aProcessThatCannotBeSignaledDoesNotPreventTheEndOfTheOthers() throws Exception {
    for (int i = 0; i < COUNT; i++) {
      int process = i;
      TestOperations operations = new TestOperations() {
        @Override
        public int signal(int fd, int number) {
          if (process == 1 || process == 2) {
            return -PosixNumbers.EPERM;
          }
          processes.get(process).end(new ExitStatus.Exited(0));
          return 0;
        }
      };
      scope.add(child(operations));
    }
    ProcessDescriptorException failed = assertThrows(
        ProcessDescriptorException.class, () -> scope.shutdown(new Teardown(List.of(), false)));
    assertEquals(PosixNumbers.EPERM, failed.errno());
    assertEquals(1, failed.getSuppressed().length);
    assertInstanceOf(ProcessDescriptorException.class, failed.getSuppressed()[0]);
    assertEquals(
        COUNT - 2, scope.children().stream().filter(child -> !child.isAlive()).count());
  }
}
