package dev.procdesc.compat.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.compat.Child;
import dev.procdesc.compat.Command;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Subject;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Scratch;
import dev.procdesc.compat.support.Text;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Tests of spawning: the child is as requested, or there is none. */
@ExtendWith(LeakCheck.class)
public abstract class SpawnContract {
  /** The subject under test. */
  protected final Subject subject;

  /** Creates the tests of a subject. */
  protected SpawnContract(Subject subject) {
    this.subject = subject;
  }

  /** Returns the output of a command, which must succeed. */
  protected String output(Command command) throws IOException, InterruptedException {
    try (Child child = subject.start(command)) {
      child.stdin().close();
      String output = Text.all(child.stdout());
      assertEquals("", Text.all(child.stderr()));
      assertEquals(0, child.waitFor());
      return output;
    }
  }

  @Test
  @Contract("C9")
  void argumentsArriveAsTheyAre() throws Exception {
    assertEquals(
        "[][ ][a b][*][$HOME][\"][\\][-n][x\ny]",
        output(Command.sh(
            "printf '[%s]' \"$@\"", "", " ", "a b", "*", "$HOME", "\"", "\\", "-n", "x\ny")));
  }

  @Test
  @Contract("C9")
  void theEnvironmentIsInheritedWithWhatWasSetAndLeftOut() throws Exception {
    Command command =
        Command.sh("printf '%s|%s|%s' \"${PATH+there}\" \"$PROCDESC_TEST\" \"${HOME-none}\"");
    assertEquals(
        "there|a b=c|none", output(command.with("PROCDESC_TEST", "a b=c").without("HOME")));
  }

  @Test
  @Contract("C9")
  void theDirectoryIsTheOneAskedFor(@TempDir Path directory) throws Exception {
    assertEquals(directory.toRealPath().toString(), output(Command.sh("pwd -P").in(directory)));
  }

  @Test
  @Contract("C9")
  void theDirectoryIsOtherwiseTheJvms() throws Exception {
    assertEquals(Path.of("").toRealPath().toString(), output(Command.sh("pwd -P")));
  }

  @Test
  @Contract("C9")
  void aProgramWithoutASlashIsSearchedFor() throws Exception {
    assertEquals("found", output(Command.of("echo", "found")));
  }

  @Test
  @Contract("C9")
  void aProgramThatIsNotThereIsAnIoExceptionThatNamesIt() {
    IOException thrown = assertThrows(
        IOException.class,
        () -> subject.start(Command.of("/nonexistent/program")).close());
    assertTrue(
        String.valueOf(thrown.getMessage()).contains("/nonexistent/program"), thrown.toString());
  }

  @Test
  @Contract("C9")
  void aFileThatMayNotBeExecutedIsAnIoExceptionThatNamesIt(@TempDir Path directory)
      throws Exception {
    Path file = Scratch.file(directory.resolve("plain"), "text", "rw-r--r--");
    IOException thrown = assertThrows(
        IOException.class, () -> subject.start(Command.of(file.toString())).close());
    assertTrue(String.valueOf(thrown.getMessage()).contains(file.toString()), thrown.toString());
  }

  @Test
  @Contract("C9")
  void aDirectoryThatIsNotThereIsAnIoExceptionThatNamesIt(@TempDir Path directory) {
    Path missing = directory.resolve("missing");
    IOException thrown = assertThrows(
        IOException.class, () -> subject.start(Command.sh("exit 0").in(missing)).close());
    assertTrue(String.valueOf(thrown.getMessage()).contains(missing.toString()), thrown.toString());
    assertTrue(Files.notExists(missing));
  }

  @Test
  @Contract("C9")
  void thePidIsTheChildsOwn() throws Exception {
    try (Child child = subject.start(Command.sh("echo $$"))) {
      assertEquals(Long.toString(child.pid()), Text.line(child.stdout()));
    }
  }
}
