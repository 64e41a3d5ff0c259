package dev.procdesc.compat.c09_start;

import static dev.procdesc.compat.support.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.procdesc.SpawnException.Step;
import dev.procdesc.Spawner;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scenario;
import dev.procdesc.compat.support.Scratch;
import dev.procdesc.compat.support.Text;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import jnr.constants.platform.Errno;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tests that {@code Spawner.from} takes over the settings and rules of a {@code ProcessBuilder}.
 */
@ExtendWith(LeakCheck.class)
final class ProcessBuilderTest {
  /** Writes the line that it reads, and an error. */
  private static final String ECHO = "read line; echo \"$line\"; echo error >&2";

  @TempDir
  Path directory;

  private static ProcessBuilder sh(String script) {
    return new ProcessBuilder("/bin/sh", "-c", script);
  }

  private static Process start(ProcessBuilder builder) throws IOException {
    return Run.ordinary(Spawner.from(builder)).spawn().asProcess();
  }

  /** Returns the output of a child that must exit with 0 and write no error. */
  private static String output(ProcessBuilder builder) throws IOException, InterruptedException {
    Process process = start(builder);
    process.getOutputStream().close();
    String output = Text.all(process.getInputStream());
    assertEquals("", Text.all(process.getErrorStream()));
    assertEquals(0, process.waitFor(), output);
    return output;
  }

  @Test
  @Contract("C9")
  void theCommandAndTheDirectoryAreThoseOfTheBuilder() throws Exception {
    ProcessBuilder builder = new ProcessBuilder("/bin/sh", "-c", "echo $0 $1; pwd -P", "a", "b c");
    String own = Path.of("").toRealPath().toString();
    assertEquals("a b c\n" + own, output(builder));
    assertEquals("a b c\n" + directory.toRealPath(), output(builder.directory(directory.toFile())));
  }

  @Test
  @Contract("C9")
  void theStreamsArePipesByDefault() throws Exception {
    assertHasPipes(start(sh(ECHO)));
  }

  /** Asserts that a process that executes {@link #ECHO} has a pipe for each stream. */
  private static void assertHasPipes(Process process) throws Exception {
    Text.send(process.getOutputStream(), "input");
    process.getOutputStream().close();
    assertEquals("input", Text.all(process.getInputStream()));
    assertEquals("error", Text.all(process.getErrorStream()));
    assertEquals(0, process.waitFor());
  }

  @Test
  @Contract("C9")
  void theErrorsMayGoToTheOutput() throws Exception {
    ProcessBuilder builder = sh("echo out; echo error >&2").redirectErrorStream(true);
    assertEquals("out\nerror", output(builder));
    Path file = directory.resolve("errors");
    // The JDK ignores a destination of the errors that are merged.
    assertEquals("out\nerror", output(builder.redirectError(file.toFile())));
    assertFalse(Files.exists(file));
  }

  @Test
  @Contract("C9")
  void theStreamsMayBeFiles() throws Exception {
    Path in = Scratch.file(directory.resolve("in"), "text\n");
    Path out = Scratch.file(directory.resolve("out"), "a longer text\n");
    Path errors = Scratch.file(directory.resolve("errors"), "first\n");
    ProcessBuilder builder = sh("read line; echo \"$line\"; echo error >&2")
        .redirectInput(in.toFile())
        .redirectOutput(out.toFile())
        .redirectError(Redirect.appendTo(errors.toFile()));
    for (int i = 0; i < 2; i++) {
      Process process = start(builder);
      assertThrows(IOException.class, () -> {
        process.getOutputStream().write(1);
        process.getOutputStream().flush();
      });
      assertEquals(-1, process.getInputStream().read());
      assertEquals(-1, process.getErrorStream().read());
      assertEquals(0, process.waitFor());
    }
    assertEquals("text\n", Files.readString(out));
    assertEquals("first\nerror\nerror\n", Files.readString(errors));
  }

  @Test
  @Contract("C9")
  void theStreamsMayBeDiscardedOrInherited() throws Exception {
    ProcessBuilder builder = sh("echo lost; echo lost >&2; exit 3")
        .redirectOutput(Redirect.DISCARD)
        .redirectError(Redirect.DISCARD);
    Process process = start(builder);
    assertEquals(-1, process.getInputStream().read());
    assertEquals(-1, process.getErrorStream().read());
    assertEquals(3, process.waitFor());
    assertEquals("", output(sh("exit 0").inheritIO()));
  }

  @Test
  @Contract("C9")
  void laterChangesOfTheBuilderHaveNoEffect() throws Exception {
    ProcessBuilder builder = sh("echo \"$PROCDESC_TEST\"");
    builder.environment().put("PROCDESC_TEST", "before");
    Spawner spawner = Spawner.from(builder);
    builder.environment().put("PROCDESC_TEST", "after");
    builder.command("/bin/sh", "-c", "echo other").redirectInput(Redirect.INHERIT);
    assertEquals("before", Run.output(Run.piped(spawner)));
  }

  @Test
  @Contract("C9")
  void theEnvironmentIsThatOfTheBuilder() throws Exception {
    ProcessBuilder builder = new ProcessBuilder("/usr/bin/env");
    Map<String, String> variables = builder.environment();
    variables.put("PROCDESC_TEST", "a=b");
    variables.remove("PATH");
    String all = output(builder);
    assertEquals(1, all.lines().filter("PROCDESC_TEST=a=b"::equals).count(), all);
    assertEquals(0, all.lines().filter(line -> line.startsWith("PATH=")).count(), all);
    variables.clear();
    assertEquals("", output(builder));
    variables.put("X", "1");
    assertEquals("X=1", output(builder));
  }

  @Test
  @Tag(Tags.JVM)
  @Contract("C9")
  void bytesThatCannotBeDecodedAreInherited() {
    ChildJvm.of(Bytes.class)
        .startedBy("exec env A_VALUE=\"$(printf 'a\\377z')\" \"$(printf 'A_NAME\\377=1')\" \"$@\"")
        .run();
  }

  /** Inherits a variable whose value, and one whose name, is not text in the JVM's encoding. */
  public static final class Bytes implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      ProcessBuilder builder = new ProcessBuilder("/usr/bin/env");
      assertEquals(List.of("A_NAME\u00ff=1", "A_VALUE=a\u00ffz"), inherited(builder));
      builder.environment().put("A_TEXT", "x");
      assertEquals(List.of("A_NAME\u00ff=1", "A_TEXT=x", "A_VALUE=a\u00ffz"), inherited(builder));
      builder.environment().keySet().removeIf(name -> name.startsWith("A_NAME"));
      assertEquals(List.of("A_TEXT=x", "A_VALUE=a\u00ffz"), inherited(builder));
    }

    private static List<String> inherited(ProcessBuilder builder) throws Exception {
      Process process = start(builder);
      // Every byte is a character of this encoding.
      String all = new String(process.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
      assertEquals(0, process.waitFor());
      return all.lines().filter(line -> line.startsWith("A_")).sorted().toList();
    }
  }

  @Test
  @Contract("C9")
  void theSearchUsesThePathOfThisJvm() throws Exception {
    Scratch.script(directory.resolve("sh"), "echo of the child");
    ProcessBuilder builder = new ProcessBuilder("sh", "-c", "echo of the JVM");
    builder.environment().put("PATH", directory.toString());
    assertEquals("of the JVM", output(builder));
    builder.environment().remove("PATH");
    assertEquals("of the JVM", output(builder));
  }

  @Test
  @Contract("C9")
  void aScriptWithoutAnInterpreterLineIsRunByTheShell() throws Exception {
    Path script = Scratch.file(directory.resolve("script"), "echo \"$0\" \"$1\" $#\n", "rwxr-xr-x");
    assertEquals(
        script + " one two 2", output(new ProcessBuilder(script.toString(), "one two", "three")));
    ProcessBuilder relative = new ProcessBuilder("./script").directory(directory.toFile());
    assertEquals("./script  0", output(relative));
    Path empty = Scratch.file(directory.resolve("empty"), "", "rwxr-xr-x");
    assertEquals("", output(new ProcessBuilder(empty.toString())));
  }

  @Test
  @Contract("C9")
  void theShellGetsTheStreamsOfTheScript() throws Exception {
    Path script = Scratch.file(directory.resolve("script"), ECHO + "\n", "rwxr-xr-x");
    assertHasPipes(start(new ProcessBuilder(script.toString())));
  }

  @Test
  @Tag(Tags.JVM)
  @Contract("C9")
  void aScriptOfTheSearchIsRunByTheShell() throws Exception {
    Scratch.file(directory.resolve("procdesc-script"), "echo \"$0\"\n", "rwxr-xr-x");
    ChildJvm.of(SearchedScript.class, directory.toString())
        .environment("PATH", "/nonexistent:" + directory + ":/usr/bin:/bin")
        .run();
  }

  /** Runs a script without an interpreter line that is found in the PATH of this JVM. */
  public static final class SearchedScript implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      assertEquals(
          arguments[0] + "/procdesc-script", output(new ProcessBuilder("procdesc-script")));
    }
  }

  @Test
  @Contract("C9")
  void aFailedStartIsASpawnException() throws Exception {
    String missing = directory.resolve("missing").toString();
    assertFails(Spawner.from(new ProcessBuilder(missing)), Step.EXECUTE, Errno.ENOENT, missing);
    Path plain = Scratch.file(directory.resolve("plain"), "echo no\n", "rw-r--r--");
    assertFails(
        Spawner.from(new ProcessBuilder(plain.toString())),
        Step.EXECUTE,
        Errno.EACCES,
        plain.toString());
    assertThrows(IllegalArgumentException.class, () -> Spawner.from(new ProcessBuilder()));
    assertThrows(IllegalArgumentException.class, () -> Spawner.from(new ProcessBuilder("a\0b")));
  }
}
