package dev.procdesc.posix.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.Signal;
import dev.procdesc.StateChange;
import dev.procdesc.StateChange.Continued;
import dev.procdesc.StateChange.Stopped;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.io.OwnedDescriptor;
import dev.procdesc.posix.io.PollQueue;
import dev.procdesc.posix.io.TestSystem;
import dev.procdesc.posix.io.Watcher;
import dev.procdesc.testing.Await;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Tests the delivery of state changes on a system where the test stops and continues a process. */
final class StateListenersTest {
  private final TestSystem.Pipe pipe = TestSystem.pipe();
  private final OwnedDescriptor descriptor = OwnedDescriptor.take(pipe.readEnd(), "the process");
  private final TestOperations kernel = new TestOperations();
  private final StateListeners listeners =
      new StateListeners(descriptor, kernel, new Watcher(new PollQueue()));

  @AfterEach
  void close() {
    descriptor.close();
    LibC.close(pipe.writeEnd());
  }

  private void happens(StateChange... changes) {
    kernel.changes.addAll(List.of(changes));
    kernel.taker.accept(descriptor.number());
  }

  @Test
  void changesAreDeliveredInOrderByOneThreadAtATime() throws Exception {
    CountDownLatch first = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    List<StateChange> seen = new CopyOnWriteArrayList<>();
    var unused = listeners.add(change -> {
      first.countDown();
      try {
        Await.zero(go);
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
      seen.add(change);
    });
    List<StateChange> expected = new ArrayList<>(List.of(new Stopped(Signal.STOP)));
    happens(new Stopped(Signal.STOP));
    Await.zero(first);
    // Without the queue, another thread would deliver these while the listener blocks.
    for (int i = 0; i < 20; i++) {
      happens(new Continued(), new Stopped(Signal.of("SIG" + (i + 1))));
      expected.addAll(List.of(new Continued(), new Stopped(Signal.of("SIG" + (i + 1)))));
    }
    go.countDown();
    Await.until("all changes are delivered", () -> seen.size() == expected.size());
    assertEquals(expected, seen);
  }

  @Test
  void nothingIsTakenAfterTheEnd() {
    List<StateChange> seen = new CopyOnWriteArrayList<>();
    listeners.add(seen::add).close();
    listeners.end();
    happens(new Continued());
    assertEquals(1, kernel.changes.size(), "the end did not end the watch");
    var unused = listeners.add(seen::add);
    happens(new Continued());
    assertEquals(2, kernel.changes.size(), "a listener started a watch after the end");
    assertTrue(seen.isEmpty());
  }
}
