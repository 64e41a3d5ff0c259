package dev.procdesc.compat.c09_start;

import static dev.procdesc.compat.support.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.Feature;
import dev.procdesc.Limit;
import dev.procdesc.Platform;
import dev.procdesc.Resource;
import dev.procdesc.Signal;
import dev.procdesc.SpawnException;
import dev.procdesc.SpawnException.Step;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.UnsupportedFeatureException;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.MissingCondition;
import dev.procdesc.compat.Origin;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.Await;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.Children;
import dev.procdesc.compat.support.ConcurrentCallers;
import dev.procdesc.compat.support.Descriptors;
import dev.procdesc.compat.support.Errors;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Libc;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scenario;
import dev.procdesc.compat.support.Scratch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import jnr.constants.platform.Errno;
import jnr.constants.platform.OpenFlags;
import jnr.constants.platform.RLIMIT;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.platform.commons.support.ReflectionSupport;

/** A clear error: the step, the call, the errno and the subject; and nothing is left. */
@ExtendWith(LeakCheck.class)
final class ErrorsTest {
  /** Has no entry in any user database. */
  private static final long STRANGER = 54_321;

  @TempDir
  Path directory;

  private static Spawner spawner() {
    return Run.sh("exit 0");
  }

  @Test
  @Contract("C9")
  void aMissingDirectory() {
    Path missing = directory.resolve("missing");
    assertFails(spawner().directory(missing), Step.DIRECTORY, Errno.ENOENT, missing.toString());
    assertFails(
        spawner().directory(Path.of("procdesc/missing")),
        Step.DIRECTORY,
        Errno.ENOENT,
        "procdesc/missing");
  }

  @Test
  @Contract("C9")
  void aDirectoryThatIsNone() throws Exception {
    Path file = Scratch.file(directory.resolve("file"), "");
    assertFails(spawner().directory(file), Step.DIRECTORY, Errno.ENOTDIR, file.toString());
  }

  @Test
  @Contract("C9")
  void aDirectoryThatIsClosedToTheUser() throws Exception {
    Requires.feature(Feature.CHILD_SETUP);
    Requires.root();
    Path closed = Files.createDirectory(directory.resolve("closed"));
    Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("rwx------"));
    assertFails(
        spawner().user(STRANGER).group(STRANGER).directory(closed),
        Step.DIRECTORY,
        Errno.EACCES,
        closed.toString());
  }

  @Test
  @Contract("C9")
  void anArgumentListThatIsTooLong() {
    List<String> words = new ArrayList<>(List.of(Run.TRUE));
    words.addAll(Collections.nCopies(300, "x".repeat(100_000)));
    assertFails(Run.piped(Spawner.of(words)), Step.EXECUTE, Errno.E2BIG, Run.TRUE);
  }

  @Test
  @Contract("C9")
  void anEnvironmentThatIsTooLong() {
    Spawner spawner = spawner();
    for (int i = 0; i < 300; i++) {
      spawner = spawner.environment("PROCDESC_" + i, "x".repeat(100_000));
    }
    assertFails(spawner, Step.EXECUTE, Errno.E2BIG, "/bin/sh");
  }

  @Test
  @Contract("C9")
  void aFileThatIsNotThereOrAlreadyThere() throws Exception {
    Path missing = directory.resolve("missing");
    assertFails(
        spawner().stdin(Stdio.fromFile(missing)), Step.PREPARE, Errno.ENOENT, missing.toString());
    Path there = Scratch.file(directory.resolve("there"), "");
    assertFails(
        spawner().stdout(Stdio.file(there, Stdio.File.Access.CREATE_NEW, 0600)),
        Step.PREPARE,
        Errno.EEXIST,
        there.toString());
    assertFails(
        spawner().stdout(Stdio.toFile(directory)),
        Step.PREPARE,
        Errno.EISDIR,
        directory.toString());
    assertFails(
        spawner().stdout(Stdio.toFile(missing.resolve("file"))),
        Step.PREPARE,
        Errno.ENOENT,
        missing.toString());
  }

  @Test
  @Contract("C9")
  void aDescriptorThatIsNotOpen() {
    assertFails(spawner().stdin(Stdio.descriptor(3999)), Step.PREPARE, Errno.EBADF, "3999");
    if (Platform.current().has(Feature.CHILD_SETUP)) {
      assertFails(
          spawner().descriptor(5, Stdio.descriptor(3999)), Step.PREPARE, Errno.EBADF, "3999");
    }
  }

  @Test
  @Contract("C9")
  void aDescriptorNumberBeyondTheLimit() {
    Requires.feature(Feature.CHILD_SETUP);
    SpawnException thrown = assertThrows(
        SpawnException.class,
        () -> spawner().descriptor(1 << 30, Stdio.nullDevice()).spawn().close());
    assertTrue(String.valueOf(thrown.getMessage()).contains("" + (1 << 30)), thrown.toString());
  }

  @Test
  @Contract("C9")
  void aUserOrGroupThatDoesNotExist() {
    Requires.feature(Feature.CHILD_SETUP);
    for (Spawner spawner :
        List.of(spawner().user("procdesc-nobody"), spawner().group("procdesc-nobody"))) {
      SpawnException thrown =
          assertThrows(SpawnException.class, () -> spawner.spawn().close());
      assertEquals(Step.PREPARE, thrown.step());
      assertTrue(
          String.valueOf(thrown.getMessage()).contains("procdesc-nobody"), thrown.toString());
    }
  }

  @Test
  @Contract("C9")
  void aUserNumberWhoseGroupNobodyKnows() {
    Requires.feature(Feature.CHILD_SETUP);
    SpawnException thrown = assertThrows(
        SpawnException.class, () -> spawner().user(STRANGER).spawn().close());
    assertEquals(Step.PREPARE, thrown.step());
    assertTrue(String.valueOf(thrown.getMessage()).contains("" + STRANGER), thrown.toString());
  }

  @Test
  @Tag(Tags.JVM)
  @Contract("C9")
  void changesThatNeedAPrivilege() {
    Requires.feature(Feature.CHILD_SETUP);
    Requires.root();
    ChildJvm.of(WithoutPrivileges.class).changingUser().run();
  }

  /** Asks, as a user without privileges, for what only the superuser may. */
  public static final class WithoutPrivileges implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      assertEquals("", Run.output(spawner()));
      Libc.check(() -> Libc.C.setuid((int) STRANGER));
      assertFails(spawner().user(0), Step.USER, Errno.EPERM, "0");
      assertFails(spawner().group(12345), Step.USER, Errno.EPERM, "12345");
      assertFails(spawner().supplementaryGroups(1, 2), Step.USER, Errno.EPERM, "");
      assertFails(
          spawner()
              .limit(Resource.CORE, new Limit(OptionalLong.of(0), OptionalLong.of(0)))
              .limit(Resource.OPEN_FILES, Limit.of(1L << 40)),
          Step.LIMITS,
          Errno.EPERM,
          "");
      assertEquals("", Run.output(spawner()));
    }
  }

  @Test
  @Contract("C9")
  void aProcessGroupThatDoesNotExist() {
    assertFails(spawner().processGroup(0x3fff_fff0), Step.SESSION, Errno.EPERM, "" + 0x3fff_fff0);
  }

  @Test
  @Contract("C9")
  void aTerminalThatIsNone() {
    Requires.feature(Feature.CHILD_SETUP);
    assertFails(spawner().controllingTerminal(0), Step.SESSION, Errno.ENOTTY, "0");
    assertFails(spawner().foreground(0), Step.SESSION, Errno.ENOTTY, "0");
  }

  @Test
  @Contract("C9")
  void whatIsAbsentIsRefusedByName() {
    Map<Feature, Executable> uses = new EnumMap<>(Feature.class);
    uses.put(Feature.CGROUP, () -> spawn(spawner().cgroup(directory)));
    uses.put(Feature.NO_NEW_PRIVILEGES, () -> spawn(spawner().noNewPrivileges(true)));
    uses.put(Feature.RESOURCE_USAGE, () -> spawn(spawner().collectUsage(true)));
    uses.put(Feature.SPAWN_BY_DESCRIPTOR, () -> spawn(Spawner.ofDescriptor(0, "sh")));
    uses.put(Feature.CHILD_SETUP, () -> spawn(spawner().umask(0)));
    uses.put(Feature.STATE_CHANGES, () -> {
      try (ChildProcess child = Run.cat().spawn()) {
        child.onStateChange(change -> {}).close();
      }
    });
    uses.forEach((feature, use) -> {
      if (!Platform.current().has(feature)) {
        UnsupportedFeatureException thrown = assertThrows(UnsupportedFeatureException.class, use);
        assertEquals(feature, thrown.feature());
        assertTrue(
            String.valueOf(thrown.getMessage())
                .contains(Platform.current().report(feature).lacks()),
            thrown.toString());
      }
    });
  }

  private static void spawn(Spawner spawner) throws IOException {
    Run.ordinary(spawner).spawn().close();
  }

  @Test
  @Contract("C9")
  void aSignalThatThisSystemLacks() throws Exception {
    try (ChildProcess child = Run.cat().spawn()) {
      Run.assertEchoes(child);
      assertThrows(IllegalArgumentException.class, () -> Signal.ofNumber(Integer.MIN_VALUE));
      Run.assertEchoes(child);
    }
  }

  @Test
  @Tag(Tags.LONG)
  @Contract({"C8", "C9"})
  @Origin({
    "swift-subprocess: #303 pidfd leak on failures",
    "swift-subprocess: #319 leak and zombie when exec fails"
  })
  void aThousandFailuresLeaveNothing() throws Exception {
    String missing = directory.resolve("missing").toString();
    Spawner spawner = Run.piped(Spawner.of(missing));
    Set<Long> children = Children.all().keySet();
    for (int i = 0; i < 1000; i++) {
      assertThrows(SpawnException.class, () -> spawner.spawn().close());
    }
    // What is left at once counts, before anything is collected or closed later.
    Map<Integer, String> before = Descriptors.open();
    assertThrows(SpawnException.class, () -> spawner.spawn().close());
    assertEquals(before, Descriptors.open());
    assertEquals(children, Children.all().keySet());
  }

  @Test
  @Tag(Tags.JVM)
  @Contract({"C8", "C9"})
  void noDescriptorsLeft() {
    ChildJvm.of(NoDescriptorsLeft.class).run();
  }

  /** Leaves itself no free descriptor, then one, then two: so every one of a spawn lacks once. */
  public static final class NoDescriptorsLeft implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      // What is opened once and kept is opened now: also what a thread needs to wait.
      try (ChildProcess child = Run.cat().spawn()) {
        assertEquals(Optional.empty(), child.waitFor(Duration.ofMillis(1)));
      }
      // Java reads a class from its file at the first use, which needs a descriptor.
      ReflectionSupport.findAllClassesInPackage("dev.procdesc", each -> true, name -> true);
      Descriptors.setLimit(Collections.max(Descriptors.open().keySet()) + 50);
      List<Integer> taken = new ArrayList<>();
      for (int fd = Libc.C.dup(0); fd != -1; fd = Libc.C.dup(0)) {
        taken.add(fd);
      }
      assertEquals(Errno.EMFILE, Libc.errno());
      int free = 0;
      while (!works(spawner())) {
        Descriptors.close(taken.remove(taken.size() - 1));
        free++;
      }
      assertTrue(free > 0, "a spawn needs descriptors");
      // What is enough once is enough always, had no failure and no success kept any. The watcher
      // may hold one for a moment longer.
      for (int i = 0; i < 20; i++) {
        Await.until("the descriptors of the last child are free", () -> works(spawner()));
      }
    }

    private static boolean works(Spawner spawner) {
      try {
        assertEquals("", Run.output(spawner));
        return true;
      } catch (SpawnException e) {
        assertEquals(Errno.EMFILE, Errno.valueOf(e.errno()), e.toString());
        assertTrue(String.valueOf(e.getMessage()).contains("EMFILE"), e.toString());
        return false;
      } catch (IOException | InterruptedException e) {
        throw new AssertionError(e);
      }
    }
  }

  @Test
  @Tag(Tags.JVM)
  @Contract("C9")
  @Origin("swift-subprocess: #312 EAGAIN under load")
  void noProcessesLeft() {
    Requires.root();
    ChildJvm.of(NoProcessesLeft.class).changingUser().run();
  }

  /** Becomes a user that may have no more processes: the limit does not hold for the superuser. */
  public static final class NoProcessesLeft implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      assertEquals("", Run.output(spawner()));
      long[] limit = new long[2];
      int processes = RLIMIT.RLIMIT_NPROC.intValue();
      Libc.check(() -> Libc.C.getrlimit(processes, limit));
      Libc.check(() -> Libc.C.setuid((int) STRANGER));
      Libc.check(() -> Libc.C.setrlimit(processes, new long[] {1, limit[1]}));
      SpawnException thrown =
          assertThrows(SpawnException.class, () -> spawner().spawn().close());
      assertEquals(Step.CREATE, thrown.step(), thrown.toString());
      assertEquals(Errors.number(Errno.EAGAIN), thrown.errno(), thrown.toString());
      Libc.check(() -> Libc.C.setrlimit(processes, limit));
      assertEquals("", Run.output(spawner()));
    }
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract("C9")
  @Origin("rust-lang/rust: #114554 ETXTBSY")
  void aProgramThatIsBeingWritten() throws Exception {
    Path program = Scratch.program(directory.resolve("program"), "/bin/cat");
    int fd = Descriptors.open(program, OpenFlags.O_WRONLY.intValue(), 0);
    try {
      try {
        new ProcessBuilder(program.toString()).start().destroyForcibly().waitFor();
        throw new MissingCondition("a kernel that refuses to run a program that is being written");
      } catch (IOException busy) {
        // So this kernel does refuse.
      }
      assertFails(
          Run.piped(Spawner.of(program.toString())),
          Step.EXECUTE,
          Errno.ETXTBSY,
          program.toString());
    } finally {
      Descriptors.close(fd);
    }
    assertEquals("", Run.output(Run.piped(Spawner.of(program.toString()))));
  }

  @Test
  @Tag(Tags.LONG)
  @Contract({"C9", "C11"})
  @Origin("golang/go: #22315 write, close and exec beside other threads that spawn")
  void aProgramThatWasJustWrittenRunsBesideOtherSpawns() throws Exception {
    // A child of another thread may hold the writer's descriptor for a moment, between its birth
    // and
    // its exec: so the program counts as being written although its writer has closed it.
    try (ConcurrentCallers<Void> writers = new ConcurrentCallers<>(Thread::new)) {
      for (int i = 0; i < 4; i++) {
        Path mine = Files.createDirectory(directory.resolve("writer" + i));
        writers.add(() -> {
          for (int j = 0; j < 50; j++) {
            Path program = Scratch.program(mine.resolve("program" + j), "/bin/cat");
            assertEquals("", Run.output(Run.piped(Spawner.of(program.toString()))));
            Files.delete(program);
          }
          return null;
        });
      }
      writers.results();
    }
  }
}
