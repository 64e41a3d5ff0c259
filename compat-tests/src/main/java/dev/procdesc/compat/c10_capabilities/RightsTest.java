package dev.procdesc.compat.c10_capabilities;

import static dev.procdesc.compat.support.Liveness.assertAlive;
import static dev.procdesc.compat.support.Liveness.assertDead;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.procdesc.ChildProcess;
import dev.procdesc.Feature;
import dev.procdesc.MissingRightException;
import dev.procdesc.OnClose;
import dev.procdesc.Platform;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.Right;
import dev.procdesc.Signal;
import dev.procdesc.Teardown;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Origin;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.RawPipe;
import dev.procdesc.compat.support.Run;
import dev.procdesc.testing.Timeouts;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Rights of descriptors: every operation needs one, and no right is ever regained. */
@ExtendWith(LeakCheck.class)
final class RightsTest {
  private static final Set<Right> ALL = EnumSet.allOf(Right.class);

  private static final Teardown TEARDOWN = Teardown.of(Signal.TERM, Timeouts.CEILING);

  /** Returns the operations of a descriptor and the rights they need; none ends the child. */
  private static Map<Executable, Set<Right>> operations(ProcessDescriptor process) {
    Map<Executable, Set<Right>> operations = new LinkedHashMap<>();
    operations.put(() -> process.signal(Signal.CONT), Set.of(Right.SIGNAL));
    operations.put(process::poll, Set.of(Right.WAIT));
    operations.put(process::isAlive, Set.of(Right.WAIT));
    operations.put(() -> process.waitFor(Duration.ZERO), Set.of(Right.WAIT));
    operations.put(() -> process.waitFor(Duration.ofNanos(1)), Set.of(Right.WAIT));
    operations.put(process::resourceUsage, Set.of(Right.WAIT));
    operations.put(process::pid, Set.of(Right.PID));
    operations.put(process::fd, Set.of(Right.EVENT));
    operations.put(process::onExit, Set.of(Right.EVENT));
    operations.put(() -> process.duplicate().close(), Set.of(Right.DUPLICATE));
    operations.put(() -> process.restrict().close(), Set.of(Right.DUPLICATE));
    if (Platform.current().has(Feature.PROCESS_INFO)) {
      operations.put(process::info, Set.of(Right.PID));
    }
    if (Platform.current().has(Feature.UNIQUE_IDENTITY)) {
      operations.put(process::identity, Set.of(Right.PID));
    }
    if (Platform.current().has(Feature.STATE_CHANGES)) {
      operations.put(() -> process.onStateChange(change -> {}).close(), Set.of(Right.EVENT));
    }
    return operations;
  }

  private static void assertAllowed(ProcessDescriptor process, Set<Right> rights) throws Throwable {
    assertEquals(rights, process.rights());
    for (var operation : operations(process).entrySet()) {
      if (rights.containsAll(operation.getValue())) {
        operation.getKey().execute();
      } else {
        var missing = assertThrows(MissingRightException.class, operation.getKey());
        assertEquals(operation.getValue(), Set.of(missing.right()));
        assertTrue(
            String.valueOf(missing.getMessage()).contains(missing.right().name()),
            missing.toString());
      }
    }
  }

  @Test
  @Contract("C10")
  void aChildHasEveryRight() throws Throwable {
    try (ChildProcess child = Run.cat().spawn()) {
      assertAllowed(child, ALL);
      try (ProcessDescriptor copy = child.duplicate()) {
        assertAllowed(copy, ALL);
      }
      assertThrows(UnsupportedOperationException.class, () -> child.rights().clear());
    }
  }

  @ParameterizedTest
  @EnumSource(Right.class)
  @Contract("C10")
  void withOneRight(Right right) throws Throwable {
    try (ChildProcess child = Run.cat().spawn();
        ProcessDescriptor weak = child.restrict(right)) {
      assertAllowed(weak, Set.of(right));
      assertAllowed(child, ALL);
    }
  }

  @ParameterizedTest
  @EnumSource(Right.class)
  @Contract("C10")
  @Origin("capsicum-test: Pdfork.MissingRights")
  void withoutOneRight(Right right) throws Throwable {
    Set<Right> others = EnumSet.complementOf(EnumSet.of(right));
    try (ChildProcess child = Run.cat().spawn();
        ProcessDescriptor weak = child.restrict(others.toArray(new Right[0]))) {
      assertAllowed(weak, others);
    }
  }

  @Test
  @Contract({"C6", "C10"})
  void withNoRightItStillKeepsTheProcessAlive() throws Throwable {
    try (RawPipe pipe = RawPipe.open()) {
      ChildProcess child = Run.spawnStaying(pipe);
      ProcessDescriptor weak = child.restrict();
      child.close();
      assertAllowed(weak, Set.of());
      assertAlive(pipe);
      weak.close();
      assertDead(pipe);
    }
  }

  @Test
  @Contract("C10")
  void rightsOnlyShrink() throws Throwable {
    Random random = new Random(10);
    for (int round = 0; round < 20; round++) {
      List<ProcessDescriptor> opened = new ArrayList<>();
      try (ChildProcess child = Run.cat().spawn()) {
        ProcessDescriptor current = child;
        Set<Right> model = ALL;
        while (model.contains(Right.DUPLICATE)) {
          Set<Right> wanted = EnumSet.noneOf(Right.class);
          for (Right right : Right.values()) {
            if (random.nextInt(4) != 0) {
              wanted.add(right);
            }
          }
          current = current.restrict(wanted.toArray(new Right[0]));
          opened.add(current);
          Set<Right> left = EnumSet.copyOf(wanted.isEmpty() ? ALL : wanted);
          left.retainAll(wanted);
          left.retainAll(model);
          model = left;
          assertAllowed(current, model);
        }
        opened.forEach(ProcessDescriptor::close);
        Run.assertEchoes(child);
      }
    }
  }

  @Test
  @Contract({"C4", "C10"})
  void theEndComesByTheRightToWaitAndByTheRightToEvents() throws Exception {
    ChildProcess child = Run.sh("exec sleep 1000").spawn();
    try (ProcessDescriptor waits = child.restrict(Right.WAIT);
        ProcessDescriptor hears = child.restrict(Right.EVENT);
        ProcessDescriptor kills = child.restrict(Right.SIGNAL)) {
      child.close();
      var end = hears.onExit();
      assertTrue(kills.kill());
      assertEquals(Run.signaled(Signal.KILL), waits.waitFor());
      assertEquals(Run.signaled(Signal.KILL), end.join());
      // The library knows the status by now; these descriptors must not tell it.
      assertThrows(MissingRightException.class, hears::poll);
      assertThrows(MissingRightException.class, kills::waitFor);
      assertThrows(MissingRightException.class, kills::onExit);
    }
  }

  @Test
  @Contract("C10")
  void anOrderlyShutdownNeedsBothOfItsRights() throws Exception {
    try (ChildProcess child = Run.cat().spawn();
        ProcessDescriptor signals = child.restrict(Right.SIGNAL);
        ProcessDescriptor waits = child.restrict(Right.WAIT);
        ProcessDescriptor both = child.restrict(Right.WAIT, Right.SIGNAL)) {
      assertThrows(MissingRightException.class, () -> signals.shutdown(TEARDOWN));
      assertThrows(MissingRightException.class, () -> waits.shutdown(TEARDOWN));
      Run.assertEchoes(child);
      assertEquals(Run.signaled(Signal.TERM), both.shutdown(TEARDOWN));
    }
  }

  @Test
  @Contract("C10")
  void whoMayNotKnowTheIdIsNotToldInMessages() throws Exception {
    ChildProcess child = Run.cat().onClose(OnClose.KILL).spawn();
    String pid = Long.toString(child.pid());
    ProcessDescriptor weak = child.restrict(Right.SIGNAL, Right.WAIT);
    assertFalse(weak.toString().contains(pid), weak.toString());
    child.close();
    weak.close();
    try {
      weak.kill();
      fail("it is closed");
    } catch (IllegalStateException e) {
      assertFalse(e.toString().contains(pid), e.toString());
    }
  }

  @Test
  @Contract({"C9", "C10"})
  void aRightTwiceIsAMistake() throws Exception {
    try (ChildProcess child = Run.cat().spawn()) {
      assertThrows(
          IllegalArgumentException.class,
          () -> child.restrict(Right.WAIT, Right.WAIT).close());
    }
  }
}
