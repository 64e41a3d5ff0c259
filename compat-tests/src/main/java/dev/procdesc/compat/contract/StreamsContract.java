package dev.procdesc.compat.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.procdesc.compat.Child;
import dev.procdesc.compat.Command;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Subject;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Text;
import dev.procdesc.testing.Timeouts;
import java.io.IOException;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Tests of the streams to and from a child. */
@ExtendWith(LeakCheck.class)
public abstract class StreamsContract {
  /** The subject under test. */
  protected final Subject subject;

  /** Creates the tests of a subject. */
  protected StreamsContract(Subject subject) {
    this.subject = subject;
  }

  @Test
  @Contract("C9")
  void theChildAnswersLineByLine() throws Exception {
    try (Child child = subject.start(Command.of("/bin/cat"))) {
      for (String line : new String[] {"one", "", "drei ä €"}) {
        assertEquals(line, Text.echo(child.stdin(), child.stdout(), line));
      }
      child.stdin().close();
      assertEquals(-1, child.stdout().read());
      assertEquals(0, child.waitFor());
    }
  }

  @Test
  @Contract("C9")
  void muchDataArrivesWhole() throws Exception {
    byte[] data = new byte[3_000_001];
    new Random(42).nextBytes(data);
    try (Child child = subject.start(Command.of("/bin/cat"))) {
      CompletableFuture<Void> writer = CompletableFuture.runAsync(() -> {
        try {
          child.stdin().write(data);
          child.stdin().close();
        } catch (IOException e) {
          throw new AssertionError(e);
        }
      });
      assertArrayEquals(data, child.stdout().readAllBytes());
      writer.get(Timeouts.CEILING.toMillis(), TimeUnit.MILLISECONDS);
      assertEquals(0, child.waitFor());
    }
  }

  @Test
  @Contract("C9")
  void outputAndErrorAreApart() throws Exception {
    try (Child child = subject.start(Command.sh("echo out; echo err >&2"))) {
      assertEquals("out", Text.all(child.stdout()));
      assertEquals("err", Text.all(child.stderr()));
    }
  }

  @Test
  @Contract("C9")
  void errorMayGoWhereOutputGoes() throws Exception {
    try (Child child =
        subject.start(Command.sh("echo out; echo err >&2; echo out").mergingError())) {
      assertEquals("out\nerr\nout", Text.all(child.stdout()));
      assertEquals(-1, child.stderr().read());
    }
  }

  @Test
  @Contract("C9")
  void outputCanBeReadAfterTheEnd() throws Exception {
    try (Child child = subject.start(Command.sh("echo last words; exit 1"))) {
      assertEquals(1, child.waitFor());
      assertEquals("last words", Text.all(child.stdout()));
    }
  }

  @Test
  @Contract("C9")
  void writingToAnEndedChildIsAnIoException() throws Exception {
    try (Child child = subject.start(Command.sh("exit 0"))) {
      child.waitFor();
      assertThrows(IOException.class, () -> {
        child.stdin().write(new byte[100_000]);
        child.stdin().flush();
      });
    }
  }

  @Test
  @Contract("C9")
  void anEndedChildsOutputIsAtItsEnd() throws Exception {
    try (Child child = subject.start(Command.sh("exit 0"))) {
      assertEquals(-1, child.stdout().read());
      assertEquals(-1, child.stdout().read(new byte[10]));
      assertEquals(0, child.stdout().readAllBytes().length);
    }
  }

  @Test
  @Contract("C9")
  void readingAClosedStreamIsAnIoException() throws Exception {
    try (Child child = subject.start(Command.of("/bin/cat"))) {
      child.stdout().close();
      child.stdout().close();
      assertThrows(IOException.class, () -> child.stdout().read());
    }
  }
}
