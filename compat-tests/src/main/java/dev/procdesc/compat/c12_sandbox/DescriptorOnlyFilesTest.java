package dev.procdesc.compat.c12_sandbox;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.DescriptorChannel;
import dev.procdesc.DescriptorOnly;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.Feature;
import dev.procdesc.OnClose;
import dev.procdesc.Platform;
import dev.procdesc.Signal;
import dev.procdesc.SpawnException;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.Descriptors;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scenario;
import dev.procdesc.compat.support.TinyProgram;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import jnr.constants.platform.Errno;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.platform.commons.support.ReflectionSupport;

/**
 * Tests {@link DescriptorOnly#PROGRAMS} and {@link DescriptorOnly#FILES}, each in a JVM that cannot
 * leave the mode.
 */
@ExtendWith(LeakCheck.class)
@Tag(Tags.JVM)
final class DescriptorOnlyFilesTest {
  @Test
  @Contract({"C10", "C12"})
  void onlyOpenProgramsAreExecuted() {
    DescriptorOnlyMode.requireOtherNamesAllowed();
    Requires.feature(Feature.SPAWN_BY_DESCRIPTOR);
    Requires.launchWithoutNames();
    ChildJvm.of(OpenPrograms.class).run();
  }

  /**
   * Executes an open shell, which can execute no other program, and is refused programs by name.
   */
  public static final class OpenPrograms implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      int sh = Descriptors.open(Path.of("/bin/sh"));
      Platform platform = Platform.current();
      platform.enterDescriptorOnlyMode();
      Run.output(Run.sh("exec /bin/cat"));
      assertFalse(platform.inDescriptorOnlyMode(DescriptorOnly.PROGRAMS));
      platform.enterDescriptorOnlyMode(DescriptorOnly.PROGRAMS);
      platform.enterDescriptorOnlyMode();
      assertTrue(platform.inDescriptorOnlyMode(DescriptorOnly.PROGRAMS));
      for (String name : List.of("/bin/cat", "cat")) {
        SpawnException thrown = assertThrows(
            SpawnException.class, () -> Run.piped(Spawner.of(name)).spawn().close());
        assertEquals(SpawnException.Step.EXECUTE, thrown.step());
        assertEquals(Errno.EPERM.intValue(), thrown.errno());
        assertTrue(thrown.toString().contains("ofDescriptor"), thrown::toString);
      }
      for (OnClose onClose : new OnClose[] {OnClose.KILL, OnClose.RELEASE}) {
        Spawner shell =
            Run.piped(Spawner.ofDescriptor(sh, "sh", "-c", "read line; echo \"$line\"; read line"));
        try (ChildProcess child = shell.onClose(onClose).spawn()) {
          Run.assertEchoes(child);
          child.stdin().close();
          assertEquals(new Exited(1), Run.end(child));
        }
      }
      // The shell exits with 126 if it has found a program and may not execute it.
      Spawner other = Run.piped(Spawner.ofDescriptor(sh, "sh", "-c", "exec /bin/cat"));
      try (ChildProcess child = other.spawn()) {
        assertEquals(new Exited(126), Run.end(child));
      }
    }
  }

  @Test
  @Contract("C12")
  void ordinaryWorkContinuesWithoutFiles() {
    DescriptorOnlyMode.requireOtherNamesAllowed();
    ChildJvm.of(OrdinaryWork.class).flag("-XX:-UsePerfData").run();
  }

  @Test
  @Contract({"C10", "C12"})
  void filesAreNotOpened(@TempDir Path directory) throws Exception {
    DescriptorOnlyMode.requireOtherNamesAllowed();
    Requires.feature(Feature.SPAWN_BY_DESCRIPTOR);
    TinyProgram.write(directory.resolve("program"));
    Files.writeString(directory.resolve("file"), "text");
    ChildJvm.of(OpenFiles.class, directory.toString())
        // Without the perf data file, which the JVM could not remove at its exit.
        .flag("-XX:-UsePerfData")
        .run();
    assertEquals("text", Files.readString(directory.resolve("file")));
    try (Stream<Path> all = Files.list(directory)) {
      assertEquals(2, all.count(), "no file is created, renamed or removed");
    }
  }

  /** Asserts that calls that open or change files by name fail, and that open files can be used. */
  public static final class OpenFiles implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      Path directory = Path.of(arguments[0]);
      Path file = directory.resolve("file");
      // Loads all classes now, because the mode refuses to open their files.
      ReflectionSupport.findAllClassesInPackage("dev.procdesc", each -> true, name -> true);
      int program = Descriptors.open(directory.resolve("program"));
      try (ChildProcess earlier = Run.cat().spawn();
          SeekableByteChannel open = Files.newByteChannel(file)) {
        Platform platform = Platform.current();
        platform.enterDescriptorOnlyMode(DescriptorOnly.FILES);
        assertTrue(platform.inDescriptorOnlyMode(DescriptorOnly.FILES));
        for (Executable each : List.<Executable>of(
            () -> Files.newByteChannel(file).close(),
            () -> Files.readString(file),
            () -> Files.copy(file, directory.resolve("new")),
            () -> Files.createFile(directory.resolve("new")),
            () -> Files.createDirectory(directory.resolve("new")),
            () -> Files.createSymbolicLink(directory.resolve("new"), file),
            () -> Files.createLink(directory.resolve("new"), file),
            () -> Files.move(file, directory.resolve("new")),
            () -> Files.delete(file),
            () -> Files.setPosixFilePermissions(file, Set.of()))) {
          FileSystemException thrown = assertThrows(FileSystemException.class, each);
          assertTrue(
              String.valueOf(thrown.getReason()).contains("not permitted"), () -> "" + thrown);
        }
        assertEquals(4, open.size(), "open files can be used");
        Run.assertEchoes(earlier);
        SpawnException thrown = assertThrows(
            SpawnException.class,
            () -> Spawner.ofDescriptor(program, "program")
                .stdout(Stdio.toFile(file))
                .spawn()
                .close());
        assertEquals(Errno.EPERM.intValue(), thrown.errno());
        for (OnClose onClose : new OnClose[] {OnClose.KILL, OnClose.RELEASE}) {
          Spawner tiny = Run.piped(Spawner.ofDescriptor(program, "program"));
          try (ChildProcess child = tiny.onClose(onClose).spawn()) {
            assertEquals(-1, child.stdout().read());
            assertEquals(new Exited(TinyProgram.EXIT_CODE), Run.end(child));
            assertEquals(new Exited(TinyProgram.EXIT_CODE), child.onExit().join());
          }
        }
        try (DescriptorChannel.Pair pair = DescriptorChannel.pair()) {
          pair.first().send(new byte[] {1}, earlier);
          try (var message = pair.second().receive()) {
            assertTrue(message.descriptors().get(0).kill());
          }
        }
        assertEquals(Run.signaled(Signal.KILL), Run.end(earlier));
      }
    }
  }
}
