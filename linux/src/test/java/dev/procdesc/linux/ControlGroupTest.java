package dev.procdesc.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.procdesc.ExitStatus;
import dev.procdesc.Signal;
import dev.procdesc.SpawnException;
import dev.procdesc.SpawnException.Step;
import dev.procdesc.linux.kernel.Numbers;
import dev.procdesc.linux.kernel.Pidfd;
import dev.procdesc.linux.kernel.Probes;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeArena;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.spawn.ChildScript;
import dev.procdesc.posix.spawn.SpawnStub;
import dev.procdesc.testing.Await;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Tests the parts of a spawn into a control group that a test of a whole spawn cannot time. */
final class ControlGroupTest {
  private static final Probes PROBES = new Probes();

  private Path directory = Path.of("none");

  @BeforeEach
  void makeGroup() {
    assumeTrue(PROBES.launchMechanism() == Probes.LaunchMechanism.CLONE3, "no clone3");
    directory = List.of("/sys/fs/cgroup", "/sys/fs/cgroup/unified").stream()
        .map(root -> Path.of(root, "procdesc-test-" + ProcessHandle.current().pid()))
        .filter(group -> Files.exists(group.resolveSibling("cgroup.procs")))
        .filter(group -> group.toFile().mkdir())
        .findFirst()
        .orElse(directory);
    assumeTrue(Files.exists(directory), "no cgroup v2 in which this user may create groups");
  }

  @AfterEach
  void removeGroup() {
    if (Files.exists(directory)) {
      Await.until("the control group is empty", () -> directory.toFile().delete());
    }
  }

  private void write(String file, String text) throws IOException {
    Files.writeString(directory.resolve(file), text);
  }

  /** Tests a group that is frozen after it was checked. */
  @Test
  void anInterruptEndsTheCreationOfAChildInAFrozenGroup() throws Exception {
    ControlGroup group = new ControlGroup(directory);
    group.refuseIfFrozen();
    group.open(true);
    try (NativeArena arena = new NativeArena()) {
      write("cgroup.freeze", "1");
      assertThrows(SpawnException.class, group::refuseIfFrozen);
      NativeArena.Place pidfd = arena.allocate(Long.BYTES);
      long[] create = Probes.clone3(arena, pidfd.address(), 0, OptionalInt.of(group.fd()));
      ChildScript script = new ChildScript();
      FutureTask<SpawnStub.Run> spawn = new FutureTask<>(() -> {
        SpawnStub.Run run = group.run(pidfd, () -> PROBES.stub().run(arena, script, create));
        assertTrue(Thread.interrupted(), "the interrupt status remains set");
        return run;
      });
      Thread thread = new Thread(spawn);
      thread.start();
      Await.until("the child is in the group", () -> isPopulated());
      thread.interrupt();
      SpawnStub.Run run = Await.get(spawn);
      assertTrue(run.created() > 0, run.toString());
      int fd = pidfd.bytes().getInt(pidfd.at());
      assertFalse(Pidfd.hasExecuted(fd));
      Pidfd.reap(fd);
      LibC.close(fd);
      SpawnException failure =
          group.earlyEnd(script, run, "clone", new ExitStatus.Signaled(Signal.KILL, false));
      assertEquals(Step.CGROUP, failure.step());
      assertTrue(failure.toString().contains("interrupted"), failure.toString());
      assertFalse(group.isDeadly(failure), "such a child is not created again");
    } finally {
      write("cgroup.freeze", "0");
      group.close();
    }
  }

  private boolean isPopulated() {
    try {
      return Files.readString(directory.resolve("cgroup.events")).contains("populated 1");
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void anInterruptDoesNotAffectAGroupThatIsNotFrozen() throws Exception {
    ControlGroup group = new ControlGroup(directory);
    try (NativeArena arena = new NativeArena()) {
      NativeArena.Place pidfd = arena.allocate(Long.BYTES);
      SpawnStub.Run expected = new SpawnStub.Run(1, -1, 0, List.of());
      SpawnStub.Run run = group.run(pidfd, () -> {
        Thread.currentThread().interrupt();
        return expected;
      });
      assertEquals(expected, run);
      assertTrue(Thread.interrupted());
    }
  }

  @Test
  void eachRefusalNamesTheGroupAndTheRule() throws Exception {
    ControlGroup group = new ControlGroup(directory);
    group.open(true);
    try {
      for (int errno : List.of(
          Numbers.EBUSY,
          Numbers.EOPNOTSUPP,
          PosixNumbers.EACCES,
          PosixNumbers.EBADF,
          PosixNumbers.ENOENT,
          PosixNumbers.ENODEV)) {
        SpawnException refusal = group.refusal(-errno).orElseThrow();
        assertEquals(Step.CGROUP, refusal.step());
        assertEquals(errno, refusal.errno());
        assertEquals(directory.toString(), refusal.subject());
      }
      assertTrue(group.refusal(-Numbers.EPERM).isEmpty(), "a filter's");
      assertTrue(group.refusal(-Numbers.POSIX.eagain()).isEmpty(), "another limit's");
    } finally {
      group.close();
    }
  }
}
