package dev.procdesc.posix.spawn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.kenai.jffi.MemoryIO;
import dev.procdesc.ExitStatus;
import dev.procdesc.ExitStatus.Signaled;
import dev.procdesc.Signal;
import dev.procdesc.SpawnException;
import dev.procdesc.SpawnException.Step;
import dev.procdesc.posix.ffi.NativeArena;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.ffi.TestNumbers;
import dev.procdesc.posix.spawn.ChildScript.Purpose;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Tests the conclusions from the results of a script; this test stores them in place of a child.
 */
final class ChildScriptTest {
  static {
    TestNumbers.choose();
  }

  private static final ExitStatus KILLED = new Signaled(Signal.KILL, false);

  private final NativeArena arena = new NativeArena();
  private final ChildScript script = new ChildScript()
      .step(new Purpose(Step.GUARD, "tell", ""), 1)
      .tolerantStep(new Purpose(Step.DIRECTORY, "chdir", "/tmp"), ChildScript.TOLERATE_ALL, 2)
      .step(new Purpose(Step.EXECUTE, "execve", "/first"), 3)
      .step(new Purpose(Step.EXECUTE, "execve", "/second"), 3);
  private final ChildScript.Written written = script.write(arena);

  @AfterEach
  void freeMemory() {
    arena.close();
  }

  private SpawnStub.Run afterResults(long... results) {
    for (int i = 0; i < results.length; i++) {
      long at = written.address() + ChildScript.STEPS + (long) i * ChildScript.STEP_SIZE;
      MemoryIO.getInstance().putLong(at + ChildScript.RESULT, results[i]);
    }
    return written.outcome(17);
  }

  private SpawnException failure(SpawnStub.Run run) {
    assertFalse(run.failed());
    assertTrue(run.endedEarly(script));
    SpawnException failure = ScriptFailure.ofEarlyEnd(script, run, "pdfork", KILLED);
    assertEquals(Optional.of(KILLED), failure.childStatus());
    assertTrue(failure.toString().contains("SIGKILL"), failure.toString());
    return failure;
  }

  @Test
  void aChildThatIsKilledAtBirthFailsAtItsCreation() {
    SpawnException failure = failure(afterResults());
    assertEquals(Step.CREATE, failure.step());
    assertEquals("pdfork", failure.operation());
  }

  @Test
  void aChildThatIsKilledInAStepFailsAtThatStep() {
    SpawnException failure = failure(afterResults(0));
    assertEquals(Step.DIRECTORY, failure.step());
    assertEquals(List.of("chdir", "/tmp"), List.of(failure.operation(), failure.subject()));
  }

  @Test
  void aChildThatHasCalledExecMayRunItsProgram() {
    assertFalse(afterResults(0, -PosixNumbers.ENOENT).endedEarly(script));
  }

  @Test
  void aSearchThatContinuesMayRunItsProgram() {
    SpawnStub.Run run = afterResults(0, 0, -PosixNumbers.ENOENT);
    assertEquals(3, run.returned());
    assertFalse(run.endedEarly(script));
  }

  @Test
  void aFailedStepIsNoEarlyEnd() {
    MemoryIO.getInstance().putLong(written.address() + ChildScript.FAILED, 0);
    SpawnStub.Run run = afterResults(-PosixNumbers.EBADF);
    assertTrue(run.failed());
    assertFalse(run.endedEarly(script));
    assertEquals(-PosixNumbers.EBADF, run.results().get(0));
  }
}
