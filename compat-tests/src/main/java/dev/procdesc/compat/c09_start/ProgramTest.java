package dev.procdesc.compat.c09_start;

import static dev.procdesc.compat.support.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.Feature;
import dev.procdesc.SpawnException.Step;
import dev.procdesc.Spawner;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Differences;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.support.Descriptors;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.RawPipe;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scratch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import jnr.constants.platform.Errno;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Tests the choice of the program by path, by a search of PATH, and by descriptor. */
@ExtendWith(LeakCheck.class)
final class ProgramTest {
  @TempDir
  Path directory;

  private Spawner named(String program) {
    return Run.piped(Spawner.of(program));
  }

  private Path folder(String name) throws IOException {
    return Files.createDirectory(directory.resolve(name));
  }

  @Test
  @Contract("C9")
  void aMissingProgramIsEnoent() {
    String missing = directory.resolve("missing").toString();
    assertFails(named(missing), Step.EXECUTE, Errno.ENOENT, missing);
  }

  @Test
  @Contract("C9")
  void aMissingProgramIsEnoentAfterTheSearchToo() {
    assertFails(
        named("procdesc-no-such-program"), Step.EXECUTE, Errno.ENOENT, "procdesc-no-such-program");
  }

  @Test
  @Contract("C9")
  void aFileThatMayNotBeExecutedIsEacces() throws Exception {
    Path file = Scratch.file(directory.resolve("plain"), "#!/bin/sh\n", "rw-r--r--");
    assertFails(named(file.toString()), Step.EXECUTE, Errno.EACCES, file.toString());
  }

  @Test
  @Contract("C9")
  void aDirectoryAsTheProgramIsEacces() {
    assertFails(named(directory.toString()), Step.EXECUTE, Errno.EACCES, directory.toString());
  }

  @Test
  @Contract("C9")
  void aPathThroughAFileIsEnotdir() throws Exception {
    String path =
        Scratch.script(directory.resolve("file"), "exit").resolve("more").toString();
    assertFails(named(path), Step.EXECUTE, Errno.ENOTDIR, path);
  }

  @Test
  @Contract("C9")
  void aScriptWithoutAnInterpreterLineIsEnoexec() throws Exception {
    Path script = Scratch.file(directory.resolve("script"), "echo no\n", "rwxr-xr-x");
    assertFails(named(script.toString()), Step.EXECUTE, Errno.ENOEXEC, script.toString());
  }

  @Test
  @Contract("C9")
  void aScriptWithoutAnInterpreterLineIsEnoexecAfterTheSearchToo() throws Exception {
    Scratch.file(directory.resolve("procdesc-script"), "echo no\n", "rwxr-xr-x");
    assertFails(
        named("procdesc-script").environment("PATH", directory.toString()),
        Step.EXECUTE,
        Errno.ENOEXEC,
        "procdesc-script");
  }

  @Test
  @Contract("C9")
  void anEmptyFileIsEnoexec() throws Exception {
    Path file = Scratch.file(directory.resolve("empty"), "", "rwxr-xr-x");
    assertFails(named(file.toString()), Step.EXECUTE, Errno.ENOEXEC, file.toString());
  }

  @Test
  @Contract("C9")
  void aScriptWhoseInterpreterIsMissingIsEnoent() throws Exception {
    Path script =
        Scratch.file(directory.resolve("script"), "#!" + directory + "/none\n", "rwxr-xr-x");
    assertFails(named(script.toString()), Step.EXECUTE, Errno.ENOENT, script.toString());
  }

  @Test
  @Contract("C9")
  void aScriptWithAnInterpreterLineRuns() throws Exception {
    Path script = Scratch.script(directory.resolve("script"), "echo \"$0\"");
    assertEquals(script.toString(), Run.output(named(script.toString())));
  }

  @Test
  @Contract("C9")
  void theSearchTakesTheFirstThatCanBeExecuted() throws Exception {
    Path denied = folder("denied");
    Path first = folder("first");
    Path second = folder("second");
    Scratch.file(denied.resolve("procdesc-tool"), "#!/bin/sh\necho denied\n", "rw-r--r--");
    Scratch.script(first.resolve("procdesc-tool"), "echo first");
    Scratch.script(second.resolve("procdesc-tool"), "echo second");
    String path = directory.resolve("missing") + ":" + denied + ":" + first + ":" + second;
    assertEquals("first", Run.output(named("procdesc-tool").environment("PATH", path)));
  }

  @Test
  @Contract("C9")
  void theSearchIsEaccesIfACandidateWasDenied() throws Exception {
    Path denied = folder("denied");
    Path empty = folder("empty");
    Scratch.file(denied.resolve("procdesc-tool"), "#!/bin/sh\n", "rw-r--r--");
    assertFails(
        named("procdesc-tool").environment("PATH", denied + ":" + empty),
        Step.EXECUTE,
        Errno.EACCES,
        "procdesc-tool");
  }

  @Test
  @Contract("C9")
  void theSearchSkipsAPathElementThatIsNoDirectory() throws Exception {
    Path file = Scratch.file(directory.resolve("file"), "");
    Path folder = folder("folder");
    Scratch.script(folder.resolve("procdesc-tool"), "echo found");
    assertEquals(
        "found", Run.output(named("procdesc-tool").environment("PATH", file + ":" + folder)));
  }

  @Test
  @Contract("C9")
  void theSearchSkipsAPathThatIsTooLong() throws Exception {
    Path folder = folder("folder");
    Scratch.script(folder.resolve("procdesc-tool"), "echo found");
    String longPath = "/long".repeat(2_000);
    String longName = "/" + "n".repeat(300);
    String path = longPath + ":" + longName + ":" + folder;
    assertEquals("found", Run.output(named("procdesc-tool").environment("PATH", path)));
    assertFails(
        named("procdesc-tool").environment("PATH", longPath + ":" + longName),
        Step.EXECUTE,
        Errno.ENAMETOOLONG,
        "procdesc-tool");
  }

  @Test
  @Contract("C9")
  void theSearchSkipsALoopOfLinks() throws Exception {
    Path folder = folder("folder");
    Scratch.script(folder.resolve("procdesc-tool"), "echo found");
    Path loop = directory.resolve("loop");
    Files.createSymbolicLink(loop, loop);
    assertEquals(
        "found", Run.output(named("procdesc-tool").environment("PATH", loop + ":" + folder)));
  }

  @Test
  @Contract("C9")
  void anEmptyPathElementIsTheChildsDirectory() throws Exception {
    Scratch.script(directory.resolve("procdesc-tool"), "echo here");
    for (String path : new String[] {"", ":/nonexistent", "/nonexistent:", "/nonexistent::/none"}) {
      assertEquals(
          "here",
          Run.output(named("procdesc-tool").directory(directory).environment("PATH", path)),
          () -> "PATH=" + path);
    }
  }

  @Test
  @Contract("C9")
  void withoutPathTheSystemsDirectoriesAreSearched() throws Exception {
    assertEquals(
        "found",
        Run.output(Run.piped(Spawner.of("sh", "-c", "echo found")).environmentOnly(Map.of())));
  }

  @Test
  @Contract("C9")
  void theSearchUsesThePathOfTheChild() throws Exception {
    Scratch.script(directory.resolve("sh"), "echo mine");
    assertEquals("mine", Run.output(named("sh").environment("PATH", directory.toString())));
  }

  @Test
  @Contract("C9")
  void aPathIsRelativeToTheChildsDirectory() throws Exception {
    Scratch.script(folder("folder").resolve("tool"), "echo relative");
    assertEquals("relative", Run.output(named("folder/tool").directory(directory)));
    assertEquals("relative", Run.output(named("./folder/../folder/tool").directory(directory)));
  }

  @Test
  @Contract("C9")
  void theZerothArgumentMayDifferFromTheProgram() throws Exception {
    Spawner shell = Run.piped(Spawner.of("/bin/sh", "-c", "echo \"$0\""));
    assertEquals("/bin/sh", Run.output(shell));
    assertEquals("another name", Run.output(shell.argv0("another name")));
    assertEquals(
        "", Run.output(Run.piped(Spawner.of("/bin/sh", "-c", "printf \"$0\"").argv0(""))));
  }

  @Test
  @Contract({"C9", "C12"})
  void aProgramMayBeAnOpenDescriptor() throws Exception {
    Requires.feature(Feature.SPAWN_BY_DESCRIPTOR);
    int fd = Descriptors.open(Path.of("/bin/sh"));
    try {
      Spawner shell = Run.piped(
          Spawner.ofDescriptor(fd, "my name", "-c", "echo \"$0\" \"$1\"", "zeroth", "first"));
      assertEquals("zeroth first", Run.output(shell));
      assertEquals("zeroth first", Run.output(shell), "the descriptor can be used again");
      assertTrue(Descriptors.isOpen(fd));
    } finally {
      Descriptors.close(fd);
    }
  }

  @Test
  @Contract("C9")
  void aScriptCannotRunFromADescriptor() throws Exception {
    Requires.feature(Feature.SPAWN_BY_DESCRIPTOR);
    Path script = Scratch.script(directory.resolve("script"), "echo no");
    int fd = Descriptors.open(script);
    try {
      assertFails(
          Run.piped(Spawner.ofDescriptor(fd, "script")), Step.EXECUTE, Errno.ENOENT, "" + fd);
    } finally {
      Descriptors.close(fd);
    }
  }

  @Test
  @Contract("C9")
  void aDescriptorOfADirectoryOrPipeCannotBeExecuted() throws Exception {
    Requires.feature(Feature.SPAWN_BY_DESCRIPTOR);
    int fd = Descriptors.open(directory);
    try (RawPipe pipe = RawPipe.open()) {
      assertFails(Run.piped(Spawner.ofDescriptor(fd, "x")), Step.EXECUTE, Errno.EACCES, "" + fd);
      int end = pipe.readEnd();
      Errno errno = Differences.executingAPipe();
      assertFails(Run.piped(Spawner.ofDescriptor(end, "x")), Step.EXECUTE, errno, "" + end);
    } finally {
      Descriptors.close(fd);
    }
  }

  @Test
  @Contract("C9")
  void aDescriptorThatIsNotOpenIsEbadf() {
    Requires.feature(Feature.SPAWN_BY_DESCRIPTOR);
    assertFails(Run.piped(Spawner.ofDescriptor(3999, "x")), Step.PREPARE, Errno.EBADF, "3999");
  }
}
