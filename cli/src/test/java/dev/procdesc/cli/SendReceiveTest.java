package dev.procdesc.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.procdesc.Feature;
import dev.procdesc.Platform;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessIdentity;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code pd send} and {@code pd receive}, two programs that hand each other a third one. */
final class SendReceiveTest {
  @TempDir
  Path directory;

  @BeforeEach
  void channels() {
    for (Feature feature : new Feature[] {Feature.DESCRIPTOR_CHANNEL, Feature.KILL_ON_JVM_DEATH}) {
      assumeTrue(Platform.current().has(feature), "lacks " + feature);
    }
  }

  private String socket() {
    return directory.resolve("pd.sock").toString();
  }

  /** Makes a pipe that a sleeping child reads; a writer gets EPIPE when the child has exited. */
  private Path fifo() throws Exception {
    Path fifo = directory.resolve("fifo");
    assertEquals(0, new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor());
    return fifo;
  }

  @Test
  void aCommandOutlivesItsSenderAndTellsItsReceiverHowItEnded() throws Exception {
    Path fifo = fifo();
    try (Pd receiver = Pd.start("receive", socket())) {
      receiver.await("listens");
      Process writer = new ProcessBuilder(
              "sh", "-c", "exec 3>\"$1\"; read line; echo >&3", "sh", "" + fifo)
          .start();
      try {
        Pd.Result sender =
            Pd.run("send", "--stdin", "file:" + fifo, socket(), "sh", "-c", "read line; exit 7");
        assertEquals(0, sender.code(), sender.toString());
        String pid = sender.out().strip();
        receiver.await(pid + " received: sh -c read line; exit 7");
        assertFalse(Files.exists(Path.of(socket())), "the socket is removed");
        writer.getOutputStream().write('\n');
        writer.getOutputStream().close();
        boolean exact = Platform.current().has(Feature.STATUS_FOR_ANY_HOLDER);
        receiver.await(pid + (exact ? " exited with 7" : " ended"));
        assertEquals(0, receiver.end().code());
      } finally {
        writer.destroyForcibly();
      }
    }
  }

  @Test
  void theReceiversDeathIsTheCommands() throws Exception {
    Path fifo = fifo();
    try (Pd receiver = Pd.start("receive", socket())) {
      receiver.await("listens");
      // Ends when nobody writes to the pipe any more: the command does.
      Process heart = new ProcessBuilder("cat", fifo.toString()).start();
      try {
        Pd.Result sender = Pd.run("send", "--stdout", "append:" + fifo, socket(), "sleep", "1000");
        assertEquals(0, sender.code(), sender.toString());
        receiver.await("received: sleep 1000");
        assertTrue(heart.isAlive());
        receiver.signal("KILL");
        receiver.end();
        assertEquals(0, heart.waitFor());
      } finally {
        heart.destroyForcibly();
      }
    }
  }

  @Test
  void aReceiverThatIsToldToEndLeavesNoSocket() throws Exception {
    try (Pd receiver = Pd.start("receive", socket())) {
      receiver.await("listens");
      receiver.signal("TERM");
      assertEquals(143, receiver.end().code());
      assertFalse(Files.exists(Path.of(socket())), "the socket is removed");
    }
  }

  @Test
  void whatWasReceivedIsKilled() throws Exception {
    try (Pd receiver = Pd.start("receive", "--kill", socket())) {
      receiver.await("listens");
      assertEquals(0, Pd.run("send", socket(), "sleep", "1000").code());
      receiver.await("received: sleep 1000");
      boolean exact = Platform.current().has(Feature.STATUS_FOR_ANY_HOLDER);
      receiver.await(exact ? " ended by SIGKILL" : " ended");
      assertEquals(0, receiver.end().code());
    }
  }

  @Test
  void aProcessThatIsThere() throws Exception {
    assumeTrue(Platform.current().has(Feature.OPEN_PROCESS), "lacks " + Feature.OPEN_PROCESS);
    Process process = new ProcessBuilder("sh", "-c", "read line; exit 5").start();
    try (Pd receiver = Pd.start("receive", socket())) {
      receiver.await("listens");
      assertEquals(0, Pd.run("send", "--pid", "" + process.pid(), socket()).code());
      receiver.await(process.pid() + " received");
      process.getOutputStream().close();
      boolean exact = Platform.current().has(Feature.STATUS_FOR_ANY_HOLDER);
      receiver.await(process.pid() + (exact ? " exited with 5" : " ended"));
      assertEquals(0, receiver.end().code());
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void identitiesAreTakenAndPrinted() throws Exception {
    for (Feature feature : new Feature[] {Feature.OPEN_PROCESS, Feature.UNIQUE_IDENTITY}) {
      assumeTrue(Platform.current().has(feature), "lacks " + feature);
    }
    String identity;
    try (Pd receiver = Pd.start("receive", "--identity", "--kill", socket())) {
      receiver.await("listens");
      Pd.Result sender = Pd.run("send", "--identity", socket(), "sleep", "1000");
      assertEquals(0, sender.code(), sender.toString());
      identity = sender.out().strip();
      receiver.await(ProcessIdentity.parse(identity) + " received: sleep 1000");
      assertEquals(0, receiver.end().code());
    }
    try (Pd receiver = Pd.start("receive", socket())) {
      receiver.await("listens");
      Pd.Result late = Pd.run("send", "--pid", identity, socket());
      assertEquals(ExitCodes.FAILED, late.code(), late.toString());
      assertTrue(late.err().contains("ESRCH"), late.err());
      assertEquals(1, receiver.end().code());
    }
    Process process = new ProcessBuilder("sh", "-c", "read line").start();
    try (ProcessDescriptor opened = ProcessDescriptor.open(process.toHandle());
        Pd receiver = Pd.start("receive", socket())) {
      receiver.await("listens");
      identity = opened.identity().toString();
      assertEquals(0, Pd.run("send", "--pid", identity, socket()).code());
      receiver.await(process.pid() + " received");
      process.getOutputStream().close();
      assertEquals(0, receiver.end().code());
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void errors() throws Exception {
    assertEquals(ExitCodes.USAGE, Pd.run("send", socket()).code());
    assertEquals(ExitCodes.USAGE, Pd.run("send", "--pid", "1", socket(), "true").code());
    assertEquals(ExitCodes.USAGE, Pd.run("send", "--pid", "me", socket()).code());
    assertEquals(ExitCodes.USAGE, Pd.run("receive").code());
    Pd.Result nobody = Pd.run("send", socket(), "true");
    assertEquals(ExitCodes.FAILED, nobody.code());
    assertTrue(nobody.err().contains("ENOENT"), nobody.err());
    Path file = Files.writeString(directory.resolve("file"), "text");
    Pd.Result taken = Pd.run("receive", file.toString());
    assertEquals(ExitCodes.FAILED, taken.code());
    assertTrue(taken.err().contains("EADDRINUSE"), taken.err());
    assertEquals("text", Files.readString(file));
    try (Pd receiver = Pd.start("receive", socket())) {
      receiver.await("listens");
      assertEquals(
          ExitCodes.NOT_FOUND, Pd.run("send", socket(), "/no/such/program").code());
      assertEquals(1, receiver.end().code());
    }
  }
}
