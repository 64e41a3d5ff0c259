package dev.procdesc.compat.c09_start;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ChildSocket;
import dev.procdesc.ClosedDescriptorException;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.IoMode;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.RunOptions;
import dev.procdesc.SpawnException;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.support.ConcurrentCallers;
import dev.procdesc.compat.support.Descriptors;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Poll;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Text;
import dev.procdesc.testing.Await;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.util.OptionalInt;
import jnr.constants.platform.Errno;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Tests the socket that is the input and the output of a child. */
@ExtendWith(LeakCheck.class)
final class SocketPairTest {
  private static Spawner connected(Spawner spawner) {
    return spawner.stdin(Stdio.socketPair()).stdout(Stdio.socketPair());
  }

  private static Spawner cat() {
    return connected(Run.cat());
  }

  @Test
  @Contract("C9")
  void bothDirectionsAreStreams() throws Exception {
    try (ChildProcess child = cat().spawn()) {
      ChildSocket socket = child.socket();
      assertTrue(child.hasSocket());
      assertSame(socket, child.socket());
      assertSame(socket.output(), child.stdin());
      assertSame(socket.input(), child.stdout());
      assertFalse(child.hasPipe(2));
      Run.assertEchoes(child);
      Text.send(child.stdin(), "last");
      // Only this direction ends.
      child.stdin().close();
      assertEquals("last", Text.line(child.stdout()));
      assertEquals(-1, child.stdout().read());
      assertEquals(new Exited(0), Run.end(child));
    }
  }

  @Test
  @Contract("C9")
  void aChildWithoutSocketSaysSo() throws Exception {
    try (ChildProcess child = Run.cat().spawn()) {
      assertFalse(child.hasSocket());
      assertThrows(IllegalStateException.class, child::socket);
    }
  }

  @Test
  @Contract("C9")
  void oneNumberIsEnough() throws Exception {
    Spawner spawner = Run.sh("read -r line <&3; echo got $line >&3; exec 3>&-; read -r end")
        .descriptor(3, Stdio.socketPair());
    try (ChildProcess child = spawner.spawn()) {
      assertSame(child.socket().output(), child.pipeTo(3));
      assertEquals("got it", Text.echo(child.pipeTo(3), child.pipeFrom(3), "it"));
      assertEquals(-1, child.pipeFrom(3).read());
    }
  }

  @Test
  @Contract("C9")
  void standardErrorIsTheSameSocket() throws Exception {
    Spawner spawner = connected(Run.sh("echo out; echo err >&2")).stderr(Stdio.socketPair());
    try (ChildProcess child = spawner.spawn()) {
      assertEquals("out\nerr", Text.all(child.stdout()));
    }
  }

  @Test
  @Contract("C9")
  void theWriterEndsWithTheSocket() throws Exception {
    try (ChildProcess child = connected(Run.sh("exec yes")).spawn()) {
      assertEquals("y", Text.line(child.stdout()));
      child.socket().close();
      // By SIGPIPE, or by the error that Linux reports if bytes were not read here.
      assertNotEquals(new Exited(0), Run.end(child));
      assertThrows(ClosedChannelException.class, () -> child.stdin().write(1));
      assertThrows(ClosedChannelException.class, () -> child.stdout().read());
      assertThrows(ClosedDescriptorException.class, () -> child.socket().fd());
      assertThrows(ClosedChannelException.class, () -> child.socket().detach());
    }
  }

  /** Linux reports a reset once then, which is no error of the child's output. */
  @Test
  @Contract("C9")
  void inputThatTheChildDidNotReadDoesNotHarmItsOutput() throws Exception {
    for (boolean readFirst : new boolean[] {true, false}) {
      try (ChildProcess child = connected(Run.sh("read -r line; echo $line")).spawn()) {
        child.stdin().write("one\ntwo\n".getBytes(StandardCharsets.UTF_8));
        assertEquals(new Exited(0), Run.end(child));
        if (readFirst) {
          assertEquals("one", Text.all(child.stdout()));
        }
        assertEquals(
            Errno.EPIPE.intValue(),
            assertThrows(ProcessDescriptorException.class, () -> child.stdin().write(1))
                .errno());
        assertEquals(readFirst ? "" : "one", Text.all(child.stdout()));
      }
    }
  }

  @Test
  @Contract({"C8", "C9"})
  void theOneDescriptorIsDetached() throws Exception {
    int fd;
    try (ChildProcess child = cat().spawn()) {
      Run.assertEchoes(child);
      assertThrows(IllegalStateException.class, () -> child.stdin().detach());
      assertThrows(IllegalStateException.class, () -> child.stdout().detach());
      Run.assertEchoes(child);
      fd = child.socket().detach();
      assertTrue(Descriptors.isBlocking(fd));
      assertTrue(Descriptors.isCloseOnExec(fd));
      assertFalse(child.stdin().isOpen());
      assertFalse(child.stdout().isOpen());
      assertThrows(ClosedChannelException.class, () -> child.socket().detach());
      child.stdin().close();
      child.stdout().close();
      Descriptors.write(fd, "still open");
      Poll.readable(fd);
      assertEquals("still open", Descriptors.read(fd));
      Descriptors.close(fd);
      // The socket had no other descriptor here, so this is the end of the child's input.
      assertEquals(new Exited(0), Run.end(child));
      fd = Descriptors.duplicate(0);
    }
    assertTrue(Descriptors.isOpen(fd), "whatever has the number now");
    Descriptors.close(fd);
  }

  @Test
  @Contract("C9")
  void aHalfClosedSocketIsDetached() throws Exception {
    try (ChildProcess child = cat().spawn()) {
      Text.send(child.stdin(), "last");
      child.stdin().close();
      int fd = child.socket().detach(IoMode.NON_BLOCKING);
      assertFalse(Descriptors.isBlocking(fd));
      assertEquals(new Exited(0), Run.end(child));
      assertEquals("last\n", Descriptors.read(fd));
      assertEquals("", Descriptors.read(fd));
      Descriptors.close(fd);
    }
  }

  @Test
  @Contract("C9")
  void aSocketWithoutAnotherEndIsDetachedToo() throws Exception {
    try (ChildProcess child = connected(Run.sh("exit 0")).spawn()) {
      assertEquals(-1, child.stdout().read());
      Await.get(child.onExit());
      int fd = child.socket().detach();
      assertEquals("", Descriptors.read(fd));
      assertFalse(child.stdin().isOpen());
      Descriptors.close(fd);
    }
  }

  @Test
  @Contract({"C9", "C11"})
  void aSocketInUseIsNotDetached() throws Exception {
    try (ChildProcess child = cat().spawn()) {
      Text.send(child.stdin(), "ab");
      assertEquals('a', child.stdout().read());
      assertThrows(IllegalStateException.class, () -> child.socket().detach());
      assertEquals("b", Text.line(child.stdout()));
      Await.Running<String> reader = Await.start(() -> Text.line(child.stdout()));
      ConcurrentCallers.awaitBlocked(reader.thread());
      assertThrows(IllegalStateException.class, () -> child.socket().detach());
      Text.send(child.stdin(), "in use");
      assertEquals("in use", Await.get(reader.result()));
    }
  }

  @Test
  @Contract("C9")
  void theNumberIsWatchedUntilTheEnd() throws Exception {
    try (ChildProcess child = cat().spawn()) {
      int fd = child.socket().fd();
      assertEquals(0, Poll.now(fd));
      assertEquals(3, child.stdin().tryWrite(ByteBuffer.wrap(new byte[3])));
      Poll.readable(fd);
      ByteBuffer buffer = ByteBuffer.allocate(10);
      assertEquals(OptionalInt.of(3), child.stdout().tryRead(buffer));
      child.stdin().close();
      assertEquals(fd, child.socket().fd());
      Await.get(child.onExit());
      Poll.readable(fd);
      assertEquals(OptionalInt.of(-1), child.stdout().tryRead(buffer));
      assertTrue(Descriptors.isOpen(fd));
      child.stdout().close();
    }
  }

  @Test
  @Contract("C9")
  void theNumberIsThatOfTheDirectionThatIsOpen() throws Exception {
    try (ChildProcess child = cat().spawn()) {
      assertEquals(child.stdout().fd(), child.socket().fd());
      child.stdout().close();
      int fd = child.socket().fd();
      assertEquals(child.stdin().fd(), fd);
      assertTrue(Descriptors.isOpen(fd));
      child.stdin().close();
      assertThrows(ClosedDescriptorException.class, () -> child.socket().fd());
    }
  }

  @Test
  @Contract("C9")
  void aRunUsesTheSocket() throws Exception {
    assertEquals(
        "some text",
        cat().run(RunOptions.defaults().input("some text")).orThrow().stdoutText());
  }

  @Test
  @Contract({"C8", "C9"})
  void aFailedSpawnLeavesNothing() {
    Spawner missing = connected(Spawner.of("/no/such/program"));
    for (int i = 0; i < 3; i++) {
      assertThrows(SpawnException.class, () -> missing.spawn().close());
    }
  }
}
