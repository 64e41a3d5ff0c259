package dev.procdesc.compat.c09_start;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.SpawnException;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scenario;
import dev.procdesc.compat.support.Scratch;
import dev.procdesc.compat.support.Text;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import jnr.constants.platform.Errno;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Tests the descriptors that children get by the JDK's objects for them. */
@ExtendWith(LeakCheck.class)
final class JavaDescriptorsTest {
  private static final String OPTION = "--add-opens=java.base/java.io=ALL-UNNAMED";

  @TempDir
  Path directory;

  private static boolean isOpen() {
    return Object.class.getModule().isOpen("java.io", JavaDescriptorsTest.class.getModule());
  }

  @Test
  @Contract("C9")
  void theStandardStreamsAreTheirNumbers() {
    assertEquals(Stdio.descriptor(0), Stdio.descriptor(FileDescriptor.in));
    assertEquals(Stdio.descriptor(1), Stdio.descriptor(FileDescriptor.out));
    assertEquals(Stdio.descriptor(2), Stdio.descriptor(FileDescriptor.err));
  }

  @Test
  @Contract("C9")
  void aChildReadsWhereTheFileIs() throws Exception {
    Requires.that(isOpen(), OPTION);
    Path path = Scratch.file(directory.resolve("read"), "first\nsecond\n");
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "r")) {
      assertEquals("first", file.readLine());
      Spawner cat = Run.cat().stdin(Stdio.descriptor(file.getFD()));
      try (ChildProcess child = cat.spawn()) {
        assertEquals("second", Text.all(child.stdout()));
        assertEquals(new Exited(0), Run.end(child));
      }
      assertEquals(Files.size(path), file.getFilePointer());
      assertEquals(Files.size(path), file.getChannel().position());
      file.seek(0);
      try (ChildProcess again = cat.spawn()) {
        assertEquals("first\nsecond", Text.all(again.stdout()));
      }
    }
  }

  @Test
  @Contract("C9")
  void jvmAndChildWriteOneFile() throws Exception {
    Requires.that(isOpen(), OPTION);
    Path path = directory.resolve("written");
    try (FileOutputStream file = new FileOutputStream(path.toFile())) {
      file.write('a');
      Spawner writing = Run.sh("printf b >&7").descriptor(7, Stdio.descriptor(file.getFD()));
      try (ChildProcess child = writing.spawn()) {
        assertEquals(new Exited(0), Run.end(child));
      }
      file.write('c');
      assertTrue(file.getFD().valid());
    }
    assertEquals("abc", Files.readString(path));
  }

  @Test
  @Contract("C9")
  void aClosedOneIsRefused() throws Exception {
    Requires.that(isOpen(), OPTION);
    assertThrows(IllegalArgumentException.class, () -> Stdio.descriptor(new FileDescriptor()));
    Path path = Scratch.file(directory.resolve("closed"), "");
    FileInputStream file = new FileInputStream(path.toFile());
    Spawner cat = Run.cat().stdin(Stdio.descriptor(file.getFD()));
    FileDescriptor descriptor = file.getFD();
    file.close();
    assertThrows(IllegalArgumentException.class, () -> Stdio.descriptor(descriptor));
    SpawnException refused =
        assertThrows(SpawnException.class, () -> cat.spawn().close());
    assertEquals(Errno.EBADF.intValue(), refused.errno());
    assertEquals(SpawnException.Step.PREPARE, refused.step());
  }

  /** The suite's JAR opens the package to itself, and a JVM without that names the option. */
  @Test
  @Tag(Tags.JVM)
  @Contract("C9")
  void aJvmThatHidesTheNumbersNamesTheOption() throws Exception {
    Path path = Scratch.file(directory.resolve("hidden"), "");
    String output = ChildJvm.of(Hidden.class, path.toString()).run();
    assertTrue(output.contains(OPTION), output);
  }

  /** The program of a JVM without the option. */
  public static final class Hidden implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      try (FileInputStream file = new FileInputStream(arguments[0])) {
        Stdio source = Stdio.descriptor(file.getFD());
        Run.cat().stdin(source).spawn().close();
      } catch (UnsupportedOperationException e) {
        System.out.println(e.getMessage());
      }
    }
  }
}
