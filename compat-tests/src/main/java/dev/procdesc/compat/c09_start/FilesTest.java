package dev.procdesc.compat.c09_start;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.procdesc.AccessMode;
import dev.procdesc.Attachment;
import dev.procdesc.ChildProcess;
import dev.procdesc.DescriptorChannel;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.RunOptions;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.Stdio.Access;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.ConcurrentCallers;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Libc;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scenario;
import dev.procdesc.compat.support.Scratch;
import dev.procdesc.compat.support.Text;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** Tests redirection of standard input, output and error from and to files. */
@ExtendWith(LeakCheck.class)
final class FilesTest {
  @TempDir
  Path directory;

  private static void run(Spawner spawner) throws IOException, InterruptedException {
    try (ChildProcess child = spawner.spawn()) {
      assertEquals(new Exited(0), Run.end(child));
    }
  }

  private static Spawner quiet(String script) {
    return Run.sh(script).stdin(Stdio.nullDevice()).stdout(Stdio.nullDevice());
  }

  private static String permissions(Path file) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
  }

  @Test
  @Contract("C9")
  void inputIsReadFromAFile() throws Exception {
    Path file = Scratch.file(directory.resolve("in"), "content\n");
    try (ChildProcess child = Run.cat().stdin(Stdio.fromFile(file)).spawn()) {
      assertEquals("content", Text.all(child.stdout()));
      assertFalse(child.hasPipe(0));
    }
  }

  private Path fifo() throws Exception {
    Path fifo = directory.resolve("fifo");
    assertEquals("", Run.output(Run.sh("exec mkfifo \"$1\"", fifo.toString())));
    return fifo;
  }

  private static void assertInterruptible(Spawner spawner) throws Exception {
    try (ConcurrentCallers<ChildProcess> callers = new ConcurrentCallers<>(Thread::new)) {
      callers.add(spawner::spawn);
      callers.awaitBlocked();
      callers.interrupt();
      assertThrows(InterruptedIOException.class, callers::results);
    }
  }

  @Test
  @Contract("C9")
  void anInterruptEndsTheWaitForTheOtherEndOfAFifo() throws Exception {
    Path fifo = fifo();
    assertInterruptible(Run.cat().stdin(Stdio.fromFile(fifo)));
    assertInterruptible(Run.cat().stdout(Stdio.toFile(fifo)));
    assertInterruptible(Run.cat().stdout(Stdio.appendTo(fifo)));
  }

  @Test
  @Contract("C9")
  void aWriterThatHasNotWrittenYetIsAnOtherEnd() throws Exception {
    Path fifo = fifo();
    try (ChildProcess writer = Run.sh("exec 3>\"$1\"; read line; echo $line >&3", fifo.toString())
            .stdin(Stdio.pipe())
            .spawn();
        ChildProcess reader =
            Run.cat().stdin(Stdio.fromFile(fifo)).stdout(Stdio.pipe()).spawn()) {
      writer.stdin().write("late\n".getBytes(StandardCharsets.UTF_8));
      assertEquals("late", Text.all(reader.stdout()).strip());
    }
  }

  @Test
  @Contract("C9")
  void aFifoConnectsTwoChildren() throws Exception {
    Path fifo = fifo();
    try (ConcurrentCallers<ChildProcess> callers = new ConcurrentCallers<>(Thread::new)) {
      callers.add(Run.cat().stdin(Stdio.fromFile(fifo))::spawn);
      callers.awaitBlocked();
      run(quiet("echo through").stdout(Stdio.toFile(fifo)));
      try (ChildProcess reader = callers.results().get(0)) {
        assertEquals("through", Text.all(reader.stdout()));
      }
    }
    try (ConcurrentCallers<ChildProcess> callers = new ConcurrentCallers<>(Thread::new)) {
      callers.add(quiet("echo back").stdout(Stdio.toFile(fifo))::spawn);
      callers.awaitBlocked();
      try (ChildProcess reader = Run.sh("exec cat \"$1\"", fifo.toString()).spawn();
          ChildProcess writer = callers.results().get(0)) {
        assertEquals("back", Text.all(reader.stdout()));
        assertEquals(new Exited(0), Run.end(writer));
      }
    }
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract("C9")
  void aNameThatIsNotTextIsTheSameFile() throws Exception {
    assertEquals(
        "",
        Run.output(Run.sh(
            "cd \"$1\" && d=$(printf 'd\\351') && mkdir \"$d\" && echo old >\"$d/f$d\"",
            directory.toString())));
    Path folder = only(directory);
    Path file = only(folder);
    run(quiet("echo new").stdout(Stdio.appendTo(file)));
    assertEquals("old\nnew\n", Files.readString(file));
    try (ChildProcess child = Run.cat().stdin(Stdio.fromFile(file)).spawn()) {
      assertEquals("old\nnew", Text.all(child.stdout()));
    }
    run(quiet("echo newer").stdout(Stdio.toFile(file)));
    assertEquals("newer\n", Files.readString(file));
    RunOptions input = RunOptions.defaults().input(file);
    assertEquals("newer\n", Spawner.of("/bin/cat").run(input).orThrow().stdoutText());
    String listing = Run.output(Run.sh("ls | wc -l").directory(folder));
    assertEquals("1", listing.strip());
  }

  private static Path only(Path folder) throws IOException {
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
      return entries.iterator().next();
    }
  }

  @Test
  @Contract("C9")
  void aPathOfAnotherFileSystemIsRefused() throws Exception {
    Path archive = directory.resolve("archive.zip");
    try (FileSystem zip = FileSystems.newFileSystem(archive, Map.of("create", "true"))) {
      Path inside = zip.getPath("/inside");
      // At the call, before the spawn has created or truncated any other file.
      List<Executable> calls = List.of(
          () -> Stdio.fromFile(inside),
          () -> Stdio.toFile(inside),
          () -> Stdio.appendTo(inside),
          () -> Stdio.file(inside, Access.READ_WRITE, 0600),
          () -> RunOptions.defaults().input(inside),
          () -> Run.cat().directory(inside),
          () -> Run.cat().cgroup(inside),
          () -> DescriptorChannel.connect(inside),
          () -> DescriptorChannel.listen(inside),
          () -> Attachment.open(inside, AccessMode.READ));
      for (Executable call : calls) {
        var thrown = assertThrows(UnsupportedOperationException.class, call);
        assertEquals(
            "/inside is a path of another file system than the default one", thrown.getMessage());
      }
    }
  }

  @Test
  @Contract("C9")
  void theEmptyPathIsTheWorkingDirectory() throws Exception {
    assertEquals(Run.output(Run.sh("pwd -P")), Run.output(Run.sh("pwd -P").directory(Path.of(""))));
  }

  @Test
  @Contract("C9")
  void outputToAFileCreatesIt() throws Exception {
    Path file = directory.resolve("out");
    run(quiet("echo one").stdout(Stdio.toFile(file)));
    assertEquals("one\n", Files.readString(file));
  }

  @Test
  @Contract("C9")
  void outputToAFileTruncatesIt() throws Exception {
    Path file = Scratch.file(directory.resolve("out"), "what was there before\n");
    run(quiet("echo one").stdout(Stdio.toFile(file)));
    assertEquals("one\n", Files.readString(file));
  }

  @Test
  @Contract("C9")
  void outputIsAppended() throws Exception {
    Path file = directory.resolve("out");
    run(quiet("echo one").stdout(Stdio.appendTo(file)));
    run(quiet("echo two").stdout(Stdio.appendTo(file)));
    assertEquals("one\ntwo\n", Files.readString(file));
  }

  @Test
  @Contract("C9")
  void severalChildrenAppendToOneFile() throws Exception {
    Path file = directory.resolve("out");
    Spawner spawner = Run.sh(
            "read line; for i in 1 2 3 4 5 6 7 8 9 10; do echo \"$1\"; done", "0123456789")
        .stdout(Stdio.appendTo(file));
    try (ChildProcess first = spawner.spawn();
        ChildProcess second = spawner.spawn()) {
      first.stdin().close();
      second.stdin().close();
      Run.end(first);
      Run.end(second);
    }
    assertEquals("0123456789\n".repeat(20), Files.readString(file));
  }

  @Test
  @Contract("C9")
  void aNewFileIsCreatedWithItsMode() throws Exception {
    Path file = directory.resolve("new");
    run(quiet("echo one").stdout(Stdio.file(file, Access.CREATE_NEW, 0600)));
    assertEquals("one\n", Files.readString(file));
    assertEquals("rw-------", permissions(file));
  }

  @Test
  @Contract("C9")
  void aFileIsOpenedForReadingAndWriting() throws Exception {
    Path file = Scratch.file(directory.resolve("both"), "line\nrest of it\n");
    run(quiet("read line; echo \"[$line]\" >&0").stdin(Stdio.file(file, Access.READ_WRITE, 0600)));
    // The shell leaves the file offset after the line that it has read, so it writes there.
    String text = Files.readString(file);
    assertEquals("line\n[line]\n", text.substring(0, 12), text);
  }

  @Test
  @Contract("C9")
  void theParentsUmaskAppliesToANewFile() throws Exception {
    int mask = Libc.C.umask(027);
    try {
      Path file = directory.resolve("default");
      run(quiet("exit 0").stdout(Stdio.toFile(file)));
      assertEquals("rw-r-----", permissions(file));
      Path asked = directory.resolve("asked");
      run(quiet("exit 0").stdout(Stdio.file(asked, Access.WRITE, 0777)));
      assertEquals("rwxr-x---", permissions(asked));
    } finally {
      Libc.C.umask(mask);
    }
  }

  @Test
  @Contract("C9")
  void theModeOfAnExistingFileIsUnchanged() throws Exception {
    Path file = Scratch.file(directory.resolve("there"), "", "rw-r--r--");
    run(quiet("exit 0").stdout(Stdio.file(file, Access.WRITE, 0600)));
    assertEquals("rw-r--r--", permissions(file));
  }

  @Test
  @Contract("C9")
  void theNullDeviceIsEmptyAndDiscardsOutput() throws Exception {
    try (ChildProcess child = Run.sh(
            "if read line; then exit 1; fi; echo nowhere && echo nowhere >&2")
        .stdin(Stdio.nullDevice())
        .stdout(Stdio.nullDevice())
        .spawn()) {
      assertEquals(new Exited(0), Run.end(child));
    }
  }

  @Test
  @Contract("C9")
  void errorIsMergedIntoOutput() throws Exception {
    Path file = directory.resolve("both");
    run(quiet("echo out; echo err >&2; echo out")
        .stdout(Stdio.toFile(file))
        .stderr(Stdio.stdout()));
    assertEquals("out\nerr\nout\n", Files.readString(file));
  }

  @Test
  @Contract("C9")
  void aFileNameMayHaveAnyCharacters() throws Exception {
    Path file = directory.resolve("a b\"'$\n*");
    run(quiet("echo one").stdout(Stdio.toFile(file)));
    assertEquals("one\n", Files.readString(file));
  }

  @Test
  @Contract("C9")
  void aRelativeFileIsRelativeToTheParentsDirectory() throws Exception {
    Path relative =
        Path.of("").toAbsolutePath().relativize(directory.toAbsolutePath()).resolve("out");
    run(quiet("echo one").directory(Path.of("/")).stdout(Stdio.toFile(relative)));
    assertEquals("one\n", Files.readString(directory.resolve("out")));
  }

  @Test
  @Tag(Tags.JVM)
  @Contract("C9")
  void theJvmsStandardDescriptorsAreInheritedByDefault() {
    String output = ChildJvm.of(Inherits.class).startedBy("echo input | \"$@\"").run();
    assertEquals("out input\nerr", output.strip());
  }

  /** Spawns a child without any redirection. */
  public static final class Inherits implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      try (ChildProcess child = Spawner.of(
              "/bin/sh", "-c", "read line; echo out \"$line\"; echo err >&2")
          .spawn()) {
        assertEquals(new Exited(0), Run.end(child));
        assertFalse(child.hasPipe(0) || child.hasPipe(1) || child.hasPipe(2));
      }
    }
  }
}
