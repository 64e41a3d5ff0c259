package dev.procdesc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

final class FailedProcessExceptionTest {
  private static FailedProcessException failure(String stderr, String... command) {
    return new FailedProcessException(
        List.of(command),
        new ExitStatus.Exited(2),
        CapturedOutput.NONE,
        new CapturedOutput(stderr.getBytes(StandardCharsets.UTF_8), false));
  }

  @Test
  void theMessageQuotesTheCommandAsAShellReadsIt() {
    assertEquals(
        "/bin/ls -l 'a b' '' 'it'\\''s' exited with 2",
        failure("", "/bin/ls", "-l", "a b", "", "it's").getMessage());
  }

  @Test
  void theMessageHasTheEndOfStandardError() {
    assertEquals(
        "x exited with 2:\nno such file", failure("no such file\n", "x").getMessage());
    assertEquals("x exited with 2", failure(" \n\n", "x").getMessage());
    String message = String.valueOf(failure("e".repeat(100_000), "x").getMessage());
    assertTrue(message.endsWith(":\n" + "e".repeat(2048)), message);
  }

  @Test
  void theMessageDescribesEachStatus() {
    CapturedOutput none = CapturedOutput.NONE;
    List<String> command = List.of("x");
    ExitStatus killed = new ExitStatus.Signaled(Signal.KILL, false);
    assertEquals(
        "x was killed by SIGKILL",
        new FailedProcessException(command, killed, none, none).getMessage());
    ExitStatus dumped = new ExitStatus.Signaled(Signal.ABRT, true);
    assertEquals(
        "x was killed by SIGABRT and dumped core",
        new FailedProcessException(command, dumped, none, none).getMessage());
    ExitStatus unknown = new ExitStatus.Unknown("it was reaped by other code");
    assertEquals(
        "x has ended with an unknown status: it was reaped by other code",
        new FailedProcessException(command, unknown, none, none).getMessage());
  }

  @Test
  void anExceptionThatWasSerializedHasNoOutput() throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(failure("text", "x", "y"));
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      FailedProcessException read = (FailedProcessException) in.readObject();
      assertEquals("x y exited with 2:\ntext", read.getMessage());
      assertEquals(List.of("x", "y"), read.command());
      assertEquals("", read.stderrText());
      assertEquals(0, read.stdout().length);
      assertTrue(read.status() instanceof ExitStatus.Unknown);
    }
  }
}
