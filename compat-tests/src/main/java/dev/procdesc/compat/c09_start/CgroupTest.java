package dev.procdesc.compat.c09_start;

import static dev.procdesc.compat.support.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.ExitStatus.Signaled;
import dev.procdesc.Feature;
import dev.procdesc.Platform;
import dev.procdesc.Signal;
import dev.procdesc.SpawnException;
import dev.procdesc.SpawnException.Step;
import dev.procdesc.Spawner;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.FileLease;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.TinyProgram;
import dev.procdesc.testing.Await;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.FutureTask;
import java.util.stream.Stream;
import jnr.constants.platform.Errno;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Tests children that are created in a control group. */
@ExtendWith(LeakCheck.class)
@Tag(Tags.KERNELS)
final class CgroupTest {
  @Test
  @Contract("C9")
  void theChildIsInTheCgroupFromTheStart() throws Exception {
    Requires.feature(Feature.CGROUP);
    Path group = Requires.cgroup();
    try (ChildProcess child = Run.cat().cgroup(group).spawn()) {
      assertEquals(
          Long.toString(child.pid()),
          Files.readString(group.resolve("cgroup.procs")).strip());
      Run.assertEchoes(child);
      child.stdin().close();
      assertEquals(new Exited(0), Run.end(child));
    } finally {
      Files.delete(group);
    }
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract("C9")
  void aNameThatIsNotTextIsTheSameGroup() throws Exception {
    Requires.feature(Feature.CGROUP);
    Path group = Requires.cgroup();
    String inner = "d=\"$1/$(printf 'd\\351')\"; ";
    try {
      Run.output(Run.sh(inner + "mkdir \"$d\"", group.toString()));
      Path folder;
      try (Stream<Path> entries = Files.list(group)) {
        folder = entries.filter(Files::isDirectory).findFirst().orElseThrow();
      }
      try (ChildProcess child = Run.cat().cgroup(folder).spawn()) {
        assertEquals(
            Long.toString(child.pid()),
            Files.readString(folder.resolve("cgroup.procs")).strip());
        child.stdin().close();
        assertEquals(new Exited(0), Run.end(child));
      }
    } finally {
      Run.output(Run.sh(inner + "rmdir \"$d\"", group.toString()));
      Files.delete(group);
    }
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract("C9")
  void theChildrenOfTheChildAreInTheCgroupToo() throws Exception {
    Requires.feature(Feature.CGROUP);
    Path group = Requires.cgroup();
    try {
      String seen = Run.output(Run.sh("cat /proc/self/cgroup").cgroup(group));
      assertTrue(seen.lines().anyMatch(line -> line.endsWith("/" + group.getFileName())), seen);
    } finally {
      Files.delete(group);
    }
  }

  @Test
  @Contract("C9")
  void aMissingCgroupIsEnoent() throws Exception {
    Requires.feature(Feature.CGROUP);
    Path group = Requires.cgroup();
    Files.delete(group);
    assertFails(Run.cat().cgroup(group), Step.CGROUP, Errno.ENOENT, group.toString());
  }

  /** Tests a group that another one above it has made unusable. */
  @Test
  @Contract("C9")
  void aGroupInAThreadedSubtreeIsRefused() throws Exception {
    Requires.feature(Feature.CGROUP);
    Path group = Requires.cgroup();
    Path threaded = group.resolve("threaded");
    Path domain = group.resolve("domain");
    try {
      Files.createDirectory(threaded);
      Files.createDirectory(domain);
      Files.writeString(threaded.resolve("cgroup.type"), "threaded");
      SpawnException thrown =
          assertFails(Run.cat().cgroup(domain), Step.CGROUP, Errno.EOPNOTSUPP, domain.toString());
      assertTrue(String.valueOf(thrown.getMessage()).contains("cgroup.type"), thrown.toString());
    } finally {
      Files.deleteIfExists(threaded);
      Files.deleteIfExists(domain);
      Files.delete(group);
    }
  }

  @Test
  @Contract("C9")
  void aGroupThatDistributesControllersIsRefused() throws Exception {
    Requires.feature(Feature.CGROUP);
    Path group = Requires.cgroup();
    try {
      Requires.controller(group, "memory");
      Files.writeString(group.resolve("cgroup.subtree_control"), "+memory");
      SpawnException thrown =
          assertFails(Run.cat().cgroup(group), Step.CGROUP, Errno.EBUSY, group.toString());
      assertTrue(
          String.valueOf(thrown.getMessage()).contains("cgroup.subtree_control"),
          thrown.toString());
    } finally {
      Files.delete(group);
    }
  }

  @Test
  @Contract("C9")
  void aGroupThatMayNotBeWrittenIsRefused() {
    Requires.feature(Feature.CGROUP);
    Requires.notRoot();
    Path group = Requires.rootCgroup();
    SpawnException thrown =
        assertFails(Run.cat().cgroup(group), Step.CGROUP, Errno.EACCES, group.toString());
    assertTrue(String.valueOf(thrown.getMessage()).contains("cgroup.procs"), thrown.toString());
  }

  @Test
  @Contract("C9")
  void aFullGroupIsNamed() throws Exception {
    Requires.feature(Feature.CGROUP);
    Path group = Requires.cgroup();
    Path below = group.resolve("below");
    try {
      Requires.controller(group, "pids");
      Files.createDirectory(below);
      Files.writeString(group.resolve("pids.max"), "0");
      Optional<SpawnException> thrown = Optional.empty();
      try (ChildProcess child = Run.cat().cgroup(below).spawn()) {
        Run.assertEchoes(child);
      } catch (SpawnException e) {
        thrown = Optional.of(e);
      }
      // The limit does not apply to a process that enters the group after its creation.
      boolean isCreatedInTheGroup = Platform.current().mechanisms().stream()
          .anyMatch(mechanism -> mechanism.name().equals("clone3") && mechanism.present());
      assertEquals(isCreatedInTheGroup, thrown.isPresent());
      thrown.ifPresent(e -> {
        assertEquals(Step.CGROUP, e.step(), e.toString());
        assertEquals(Errno.EAGAIN.intValue(), e.errno(), e.toString());
        assertEquals(group.toString(), e.subject(), e.toString());
        assertTrue(String.valueOf(e.getMessage()).contains("pids.max"), e.toString());
      });
    } finally {
      delete(below, group);
    }
  }

  /** Tests that no call blocks for a group that is frozen, itself or by its parent. */
  @Test
  @Contract("C9")
  void aFrozenGroupIsRefused() throws Exception {
    Requires.feature(Feature.CGROUP);
    Path group = Requires.cgroup();
    Path below = group.resolve("below");
    try {
      Files.createDirectory(below);
      Files.writeString(group.resolve("cgroup.freeze"), "1");
      for (Path frozen : List.of(group, below)) {
        SpawnException thrown =
            assertFails(Run.cat().cgroup(frozen), Step.CGROUP, Errno.EBUSY, frozen.toString());
        assertTrue(String.valueOf(thrown.getMessage()).contains("frozen"), thrown.toString());
      }
      Files.writeString(group.resolve("cgroup.freeze"), "0");
      assertEquals("thawed", Run.output(Run.sh("echo thawed").cgroup(below)));
    } finally {
      delete(below, group);
    }
  }

  /**
   * Tests that a child that never executed its program is not returned. A lease on the program
   * holds the child within exec until the control group is killed. The resource usage is collected
   * because the kernel may otherwise reap the child before its state is examined.
   */
  @Test
  @Contract("C9")
  @SuppressWarnings("try") // The lease is not named in the block.
  void aChildThatIsKilledBeforeItsProgramIsReported(@TempDir Path directory) throws Exception {
    Requires.feature(Feature.KILL_CGROUP);
    Requires.launchWithoutNames();
    Path group = Requires.cgroup();
    Path program = TinyProgram.write(directory.resolve("program"));
    try (FileLease lease = FileLease.on(program)) {
      Spawner spawner = Spawner.of(program.toString()).cgroup(group).collectUsage(true);
      FutureTask<SpawnException> spawn = new FutureTask<>(
          () -> assertThrows(SpawnException.class, () -> spawner.spawn().close()));
      new Thread(spawn).start();
      Await.until("the child is killed", () -> kill(group) && spawn.isDone());
      SpawnException thrown = spawn.get();
      assertEquals(
          Optional.of(new Signaled(Signal.KILL, false)), thrown.childStatus(), thrown.toString());
      assertTrue(String.valueOf(thrown.getMessage()).contains("SIGKILL"), thrown.toString());
    } finally {
      Await.until("the group is empty", () -> group.toFile().delete());
    }
  }

  /** Deletes a group, if it was created, when its processes have ended, and then its parent. */
  private static void delete(Path below, Path group) throws IOException {
    Await.until(
        "the group is empty", () -> Files.notExists(below) || below.toFile().delete());
    Files.delete(group);
  }

  private static boolean kill(Path group) {
    try {
      Files.writeString(group.resolve("cgroup.kill"), "1");
      return true;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  @Contract("C9")
  void aDirectoryThatIsNoCgroupFails(@TempDir Path directory) throws IOException {
    Requires.feature(Feature.CGROUP);
    SpawnException thrown = assertThrows(
        SpawnException.class, () -> Run.cat().cgroup(directory).spawn().close());
    assertTrue(
        String.valueOf(thrown.getMessage()).contains(directory.toString()), thrown.toString());
  }
}
