package dev.procdesc.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.procdesc.ExitStatus;
import dev.procdesc.Signal;
import dev.procdesc.SpawnException.Step;
import dev.procdesc.linux.kernel.Numbers;
import dev.procdesc.linux.kernel.Pidfd;
import dev.procdesc.linux.kernel.Probes;
import dev.procdesc.linux.kernel.Syscalls;
import dev.procdesc.posix.ffi.Architecture;
import dev.procdesc.posix.ffi.Descriptors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeArena;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.ffi.SystemStrings;
import dev.procdesc.posix.process.ProcessOperations;
import dev.procdesc.posix.process.ProcessOperations.Outcome;
import dev.procdesc.posix.spawn.ChildScript;
import dev.procdesc.posix.spawn.ChildScript.Purpose;
import dev.procdesc.posix.spawn.SpawnStub;
import dev.procdesc.testing.Timeouts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Tests child scripts in the spawn stub, by default without a program at the end. */
final class ScriptTest {
  private static final Probes PROBES = new Probes();
  private static final int SYS_GETSOCKNAME = Architecture.CURRENT == Architecture.X86_64 ? 51 : 204;
  private static final int ENOTSOCK = 88;

  private final NativeArena arena = new NativeArena();
  private final NativeArena.Place pidfd = arena.allocate(8);
  private final ChildScript script = new ChildScript();

  /** The script; its steps are numbered, so that they can be distinguished. */
  private static Purpose purpose(int number) {
    return new Purpose(Step.PREPARE, "step", String.valueOf(number));
  }

  @BeforeEach
  void stubIsThere() {
    assumeTrue(PROBES.mechanism("stub").present(), PROBES.mechanism("stub").toString());
    assumeTrue(
        PROBES.launchMechanism() != Probes.LaunchMechanism.PIDFD_SPAWN, "neither clone3 nor clone");
  }

  @AfterEach
  void freeMemory() {
    arena.close();
  }

  private void step(long number, long... arguments) {
    script.step(purpose(script.size()), number, arguments);
  }

  private SpawnStub.Run walk() {
    return PROBES
        .stub()
        .run(
            arena,
            script,
            PROBES.launchMechanism() == Probes.LaunchMechanism.CLONE3
                ? Probes.clone3(arena, pidfd.address(), 0, OptionalInt.empty())
                : Probes.clone(pidfd.address(), 0));
  }

  /** Walks a script without a program and reaps the child. */
  private SpawnStub.Run walkToItsEnd() {
    SpawnStub.Run run = walk();
    assertTrue(run.created() > 0, () -> "created: " + run.created());
    assertTrue(run.failed());
    assertFalse(run.endedEarly(script));
    assertEquals(new ExitStatus.Exited(127), collect(), "exit status without a program");
    return run;
  }

  private ExitStatus collect() {
    int fd = pidfd.bytes().getInt(pidfd.at());
    try {
      int events = Descriptors.poll(fd, PosixNumbers.POLLIN, (int) Timeouts.CEILING.toMillis());
      assertTrue(events > 0, () -> "poll: " + events);
      Outcome outcome = new PidfdOperations(PROBES, ProcessOperations.Task.REAP).collect(fd);
      return assertInstanceOf(Outcome.Ended.class, outcome).status();
    } finally {
      LibC.close(fd);
    }
  }

  @Test
  void anEmptyScript() {
    SpawnStub.Run run = walkToItsEnd();
    assertEquals(0, run.failedStep());
    assertEquals(List.of(), run.results());
  }

  @Test
  void aScriptWithoutAProgramFailsBehindItsLastStep() {
    step(Numbers.SYS_GETPID);
    step(Numbers.SYS_GETPID);
    SpawnStub.Run run = walkToItsEnd();
    assertEquals(2, run.failedStep());
    assertEquals(List.of(run.created(), run.created()), run.results());
  }

  @Test
  void theFirstFailureEndsIt() {
    NativeArena.Place pid = arena.allocate(Long.BYTES);
    pid.bytes().putLong(pid.at(), 0);
    step(Numbers.SYS_GETPID);
    step(Numbers.SYS_CLOSE, -1);
    step(Numbers.SYS_GETPID);
    script.storeAt(pid.address());
    SpawnStub.Run run = walkToItsEnd();
    assertEquals(1, run.failedStep());
    assertEquals("1", script.purpose(run.failedStep()).subject());
    assertEquals(-PosixNumbers.EBADF, run.results().get(1));
    assertEquals(0, pid.bytes().getLong(pid.at()), "the third was not made");
  }

  @Test
  void aToleratedErrorIsPassedOver() {
    script.tolerantStep(
        purpose(0), ChildScript.tolerate(PosixNumbers.EBADF), Numbers.SYS_CLOSE, -1);
    script.tolerantStep(
        purpose(1),
        ChildScript.tolerate(PosixNumbers.ENOENT, PosixNumbers.EBADF, Numbers.ENOSYS),
        Numbers.SYS_CLOSE,
        -1);
    script.tolerantStep(purpose(2), ChildScript.TOLERATE_ALL, Numbers.SYS_CLOSE, -1);
    step(Numbers.SYS_GETPID);
    SpawnStub.Run run = walkToItsEnd();
    assertEquals(4, run.failedStep());
    for (int i = 0; i < 3; i++) {
      assertEquals(-PosixNumbers.EBADF, run.results().get(i));
    }
    assertEquals(run.created(), run.results().get(3));
  }

  @Test
  void anotherErrorThanTheToleratedOnesEndsIt() {
    script.tolerantStep(
        purpose(0),
        ChildScript.tolerate(PosixNumbers.ENOENT, Numbers.ECHILD),
        Numbers.SYS_CLOSE,
        -1);
    step(Numbers.SYS_GETPID);
    assertEquals(0, walkToItsEnd().failedStep());
  }

  @Test
  void errorsThatTheSetHasNoBitForAreNotMistakenForOthers() {
    // 88 is 24 modulo 64: it must not be treated as EMFILE.
    script.tolerantStep(purpose(0), ~ChildScript.TOLERATE_ALL, SYS_GETSOCKNAME, devNull(), 0, 0);
    SpawnStub.Run run = walkToItsEnd();
    assertEquals(0, run.failedStep());
    assertEquals(-ENOTSOCK, run.results().get(0));
    assertThrows(IllegalArgumentException.class, () -> ChildScript.tolerate(64));
    assertThrows(IllegalArgumentException.class, () -> ChildScript.tolerate(ENOTSOCK));
    assertThrows(IllegalArgumentException.class, () -> ChildScript.tolerate(0));
    assertThrows(IllegalArgumentException.class, () -> ChildScript.tolerate(-1));
  }

  @Test
  void allErrorsAreAllErrors() {
    script.tolerantStep(purpose(0), ChildScript.TOLERATE_ALL, SYS_GETSOCKNAME, devNull(), 0, 0);
    SpawnStub.Run run = walkToItsEnd();
    assertEquals(1, run.failedStep());
    assertEquals(-ENOTSOCK, run.results().get(0));
  }

  /** Returns a descriptor that is not a socket; it is closed at the exit of the test JVM. */
  private int devNull() {
    int fd = LibC.open(arena.string("/dev/null"), Numbers.POSIX.oCloexec(), 0);
    assertTrue(fd >= 0);
    return fd;
  }

  @Test
  void aSetOfErrorsHasABitForEach() {
    assertEquals(0, ChildScript.tolerate());
    assertEquals(1L << 2 | 1L << 13, ChildScript.tolerate(2, 13));
    assertEquals(1L << 63, ChildScript.tolerate(63));
  }

  @Test
  void aResultGoesToAnAddress() {
    NativeArena.Place here = arena.allocate(3 * Long.BYTES);
    here.bytes().putLong(here.at(), -1).putLong(here.at() + 8, -1).putLong(here.at() + 16, -1);
    step(Numbers.SYS_GETPID);
    script.storeAt(here.address() + 8);
    SpawnStub.Run run = walkToItsEnd();
    assertEquals(-1, here.bytes().getLong(here.at()));
    assertEquals(run.created(), here.bytes().getLong(here.at() + 8));
    assertEquals(-1, here.bytes().getLong(here.at() + 16));
    assertEquals(run.created(), run.results().get(0), "also");
  }

  @Test
  void aToleratedErrorGoesToTheAddressToo() {
    NativeArena.Place here = arena.allocate(Long.BYTES);
    script
        .tolerantStep(purpose(0), ChildScript.TOLERATE_ALL, Numbers.SYS_CLOSE, -1)
        .storeAt(here.address());
    walkToItsEnd();
    assertEquals(-PosixNumbers.EBADF, here.bytes().getLong(here.at()));
  }

  @Test
  void aResultBecomesAnArgumentOfTheNextStep() {
    step(Numbers.SYS_UMASK, 0123);
    script.passOn(0);
    step(Numbers.SYS_UMASK, 0777);
    step(Numbers.SYS_UMASK, 0);
    SpawnStub.Run run = walkToItsEnd();
    long own = run.results().get(0);
    assertEquals(0123, run.results().get(1));
    assertEquals(own, run.results().get(2), "the second step set what the first one had answered");
  }

  @Test
  void resultsArePassedOnToAnyArgument() {
    // The child queries its file size limit, a pair of words, by its own PID.
    long old = arena.words(0, 0);
    for (int argument = 0; argument < 6; argument++) {
      step(Numbers.SYS_GETPID);
      script.passOn(argument);
      // The call takes four arguments; the kernel ignores the others.
      long[] arguments = {0, 1, 0, old, 0, 0};
      script.tolerantStep(
          purpose(script.size()), ChildScript.TOLERATE_ALL, Numbers.SYS_PRLIMIT64, arguments);
    }
    SpawnStub.Run run = walkToItsEnd();
    assertEquals(0, run.results().get(1), "a process ID is one");
    assertEquals(-PosixNumbers.EINVAL, run.results().get(3), "no such resource");
    assertTrue(run.results().get(5) < 0, "no such address, or no permission");
    assertTrue(run.results().get(7) < 0, "no such address");
    assertEquals(0, run.results().get(9), "not looked at");
    assertEquals(0, run.results().get(11), "not looked at");
  }

  @Test
  void aScriptMayBeLong() {
    int count = 3_000;
    for (int i = 0; i < count; i++) {
      step(Numbers.SYS_GETPID);
    }
    step(Numbers.SYS_CLOSE, -1);
    step(Numbers.SYS_GETPID);
    assertEquals(count + 2, script.size());
    SpawnStub.Run run = walkToItsEnd();
    assertEquals(count, run.failedStep());
    assertEquals(String.valueOf(count), script.purpose(run.failedStep()).subject());
    assertEquals(Collections.nCopies(count, run.created()), run.results().subList(0, count));
  }

  @Test
  void aProgramEndsTheScript() {
    long path = arena.string("/bin/sh");
    List<byte[]> words =
        List.of("sh", "-c", "exit 7").stream().map(SystemStrings::encode).toList();
    step(Numbers.SYS_EXECVE, path, arena.strings(words), arena.strings(List.of()));
    step(Numbers.SYS_CLOSE, -1);
    SpawnStub.Run run = walk();
    assertFalse(run.failed());
    assertEquals(0, run.returned());
    assertEquals(List.of(), run.results());
    assertEquals(new ExitStatus.Exited(7), collect());
  }

  @Test
  void aSignalMayEndTheScript() {
    // The child sends a signal to itself. The library does not define that number.
    long kill = Architecture.CURRENT == Architecture.X86_64 ? 62 : 129;
    step(Numbers.SYS_GETPID);
    script.passOn(0);
    step(kill, 0, PosixNumbers.SIGKILL);
    step(Numbers.SYS_CLOSE, -1);
    SpawnStub.Run run = walk();
    assertFalse(run.failed());
    assertEquals(1, run.returned());
    assertTrue(run.endedEarly(script));
    assertEquals(new ExitStatus.Signaled(Signal.KILL, false), collect());
  }

  @Test
  void theExitSignalTellsWhetherAChildHasExecutedAProgram() {
    long path = arena.string("/bin/cat");
    step(
        Numbers.SYS_EXECVE,
        path,
        arena.strings(List.of(SystemStrings.encode("cat"))),
        arena.strings(List.of()));
    walk();
    int fd = pidfd.bytes().getInt(pidfd.at());
    assertTrue(Pidfd.hasExecuted(fd), "while it runs, or after its end");
    Syscalls.pidfdSendSignal(fd, PosixNumbers.SIGKILL, 0, 0);
    Pidfd.awaitEnd(fd);
    assertTrue(Pidfd.hasExecuted(fd), "a zombie");
    collect();
  }

  @Test
  void aChildThatDiedBeforeItsProgramHasExecutedNone() {
    step(Numbers.SYS_CLOSE, -1);
    walk();
    int fd = pidfd.bytes().getInt(pidfd.at());
    assertFalse(Pidfd.hasExecuted(fd), "while it ends");
    Pidfd.awaitEnd(fd);
    assertFalse(Pidfd.hasExecuted(fd), "a zombie");
    collect();
  }

  @Test
  void withoutAChildThereIsNoScript() {
    step(Numbers.SYS_GETPID);
    SpawnStub.Run run = PROBES.stub().run(arena, script, Numbers.SYS_CLOSE, -1);
    assertEquals(-PosixNumbers.EBADF, run.created());
    assertTrue(run.failedStep() < 0);
    assertEquals(List.of(), run.results());
  }

  @Test
  void aScriptMayBeWalkedAgain() {
    step(Numbers.SYS_GETPID);
    script.passOn(1);
    step(Numbers.SYS_SETPGID, 0, 0);
    for (int i = 0; i < 3; i++) {
      SpawnStub.Run run = walkToItsEnd();
      assertEquals(2, run.failedStep());
      assertEquals(List.of(run.created(), 0L), run.results());
    }
  }

  @Test
  void theCallersSignalMaskIsAsBefore() throws IOException {
    Path status = Path.of("/proc/thread-self/status");
    assumeTrue(Files.isReadable(status), "no /proc here");
    String before = blocked(status);
    step(Numbers.SYS_GETPID);
    walkToItsEnd();
    assertEquals(before, blocked(status));
  }

  private static String blocked(Path status) throws IOException {
    return Files.readAllLines(status).stream()
        .filter(line -> line.startsWith("SigBlk"))
        .findFirst()
        .orElseThrow();
  }
}
