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
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Libc;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scenario;
import dev.procdesc.compat.support.Scratch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import jnr.constants.platform.Errno;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tests that a failed spawn names the step, the call, the errno and the subject, and leaves
 * nothing.
 */
@ExtendWith(LeakCheck.class)
final class ErrorsTest {
  @TempDir
  Path directory;

  private static Spawner spawner() {
    return Run.sh("exit 0");
  }

  @Test
  @Contract("C9")
  void aMissingDirectoryIsEnoent() {
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
  void aDirectoryThatIsAFileIsEnotdir() throws Exception {
    Path file = Scratch.file(directory.resolve("file"), "");
    assertFails(spawner().directory(file), Step.DIRECTORY, Errno.ENOTDIR, file.toString());
  }

  @Test
  @Contract("C9")
  void aDirectoryThatTheUserMayNotSearchIsEacces() throws Exception {
    Requires.feature(Feature.CHILD_SETUP);
    Requires.root();
    Path closed = Files.createDirectory(directory.resolve("closed"));
    Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("rwx------"));
    assertFails(
        spawner().user(UnknownUser.ID).group(UnknownUser.ID).directory(closed),
        Step.DIRECTORY,
        Errno.EACCES,
        closed.toString());
  }

  @Test
  @Contract("C9")
  void anArgumentListThatIsTooLongIsE2big() {
    List<String> words = new ArrayList<>(List.of(Run.TRUE));
    words.addAll(Collections.nCopies(300, "x".repeat(100_000)));
    assertFails(Run.piped(Spawner.of(words)), Step.EXECUTE, Errno.E2BIG, Run.TRUE);
  }

  @Test
  @Contract("C9")
  void anEnvironmentThatIsTooLongIsE2big() {
    Spawner spawner = spawner();
    for (int i = 0; i < 300; i++) {
      spawner = spawner.environment("PROCDESC_" + i, "x".repeat(100_000));
    }
    assertFails(spawner, Step.EXECUTE, Errno.E2BIG, "/bin/sh");
  }

  @Test
  @Contract("C9")
  void aFileThatCannotBeOpenedFails() throws Exception {
    Path missing = directory.resolve("missing");
    assertFails(
        spawner().stdin(Stdio.fromFile(missing)), Step.PREPARE, Errno.ENOENT, missing.toString());
    Path there = Scratch.file(directory.resolve("there"), "");
    assertFails(
        spawner().stdout(Stdio.file(there, Stdio.Access.CREATE_NEW, 0600)),
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
  void aSourceDescriptorThatIsNotOpenIsEbadf() {
    assertFails(spawner().stdin(Stdio.descriptor(3999)), Step.PREPARE, Errno.EBADF, "3999");
    if (Platform.current().has(Feature.CHILD_SETUP)) {
      assertFails(
          spawner().descriptor(5, Stdio.descriptor(3999)), Step.PREPARE, Errno.EBADF, "3999");
    }
  }

  @Test
  @Contract("C9")
  void aDescriptorNumberBeyondTheLimitFails() {
    Requires.feature(Feature.CHILD_SETUP);
    SpawnException thrown = assertThrows(
        SpawnException.class,
        () -> spawner().descriptor(1 << 30, Stdio.nullDevice()).spawn().close());
    assertTrue(String.valueOf(thrown.getMessage()).contains("" + (1 << 30)), thrown.toString());
  }

  @Test
  @Contract("C9")
  void anUnknownUserOrGroupNameFails() {
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
  void anUnknownUserIdWithoutAGroupFails() {
    Requires.feature(Feature.CHILD_SETUP);
    SpawnException thrown = assertThrows(
        SpawnException.class, () -> spawner().user(UnknownUser.ID).spawn().close());
    assertEquals(Step.PREPARE, thrown.step());
    assertTrue(
        String.valueOf(thrown.getMessage()).contains("" + UnknownUser.ID), thrown.toString());
  }

  @Test
  @Tag(Tags.JVM)
  @Contract("C9")
  void changesWithoutThePrivilegeAreEperm() {
    Requires.feature(Feature.CHILD_SETUP);
    Requires.root();
    ChildJvm.of(WithoutPrivileges.class).changingUser().run();
  }

  /** Requests, as a user without privileges, changes that only the superuser may make. */
  public static final class WithoutPrivileges implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      assertEquals("", Run.output(spawner()));
      Libc.check(() -> Libc.C.setuid((int) UnknownUser.ID));
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
  void aMissingProcessGroupIsEperm() {
    assertFails(spawner().processGroup(0x3fff_fff0), Step.SESSION, Errno.EPERM, "" + 0x3fff_fff0);
  }

  @Test
  @Contract("C9")
  void aDescriptorThatIsNoTerminalIsEnotty() {
    Requires.feature(Feature.CHILD_SETUP);
    assertFails(spawner().controllingTerminal(0), Step.SESSION, Errno.ENOTTY, "0");
    assertFails(spawner().foreground(0), Step.SESSION, Errno.ENOTTY, "0");
  }

  @Test
  @Contract("C9")
  void anAbsentFeatureIsNamedByTheException() {
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
  void aSignalNumberThatThisSystemLacksIsRefused() throws Exception {
    try (ChildProcess child = Run.cat().spawn()) {
      Run.assertEchoes(child);
      assertThrows(IllegalArgumentException.class, () -> Signal.ofNumber(Integer.MIN_VALUE));
      Run.assertEchoes(child);
    }
  }
}
