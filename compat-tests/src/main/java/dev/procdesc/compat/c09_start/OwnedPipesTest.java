package dev.procdesc.compat.c09_start;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ClosedDescriptorException;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.IoMode;
import dev.procdesc.PipeInput;
import dev.procdesc.PipeOutput;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.support.ConcurrentCallers;
import dev.procdesc.compat.support.Descriptors;
import dev.procdesc.compat.support.FlowProbe;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Libc;
import dev.procdesc.compat.support.Poll;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Text;
import dev.procdesc.compat.support.VirtualThreads;
import dev.procdesc.testing.Await;
import dev.procdesc.testing.Timeouts;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.Random;
import java.util.concurrent.ThreadFactory;
import jnr.constants.platform.Errno;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Tests the pipes in event loops of the application: transfers that do not wait, or not for long,
 * and the descriptors that others watch or own.
 */
@ExtendWith(LeakCheck.class)
final class OwnedPipesTest {
  private static final Duration SHORT = Duration.ofMillis(1);
  private static final OptionalInt NOTHING = OptionalInt.empty();
  private static final OptionalInt END = OptionalInt.of(-1);

  private static String text(ByteBuffer filled) {
    return StandardCharsets.UTF_8.decode(filled.flip()).toString();
  }

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  @Contract("C9")
  void aLoopReadsByTheNumber() throws Exception {
    try (ChildProcess child = Run.cat().spawn()) {
      PipeInput out = child.stdout();
      int fd = out.fd();
      assertEquals(fd, out.fd());
      assertEquals(0, Poll.now(fd));
      ByteBuffer buffer = ByteBuffer.allocate(2);
      assertEquals(NOTHING, out.tryRead(buffer));
      Text.send(child.stdin(), "abc");
      Poll.readable(fd);
      assertEquals(OptionalInt.of(2), out.tryRead(buffer));
      assertEquals("ab", text(buffer));
      // The rest was read ahead, which no poll reports.
      assertEquals(OptionalInt.of(2), out.tryRead(buffer.clear()));
      assertEquals("c\n", text(buffer));
      assertEquals(NOTHING, out.tryRead(buffer.clear()));
      assertEquals(OptionalInt.of(0), out.tryRead(ByteBuffer.allocate(0)));
      child.stdin().close();
      Poll.readable(fd);
      assertEquals(END, out.tryRead(buffer));
      assertEquals(END, out.tryRead(buffer));
      assertEquals(END, out.read(buffer, SHORT));
      assertEquals(-1, out.read());
      assertTrue(Descriptors.isOpen(fd), "a loop has it");
      assertEquals(fd, out.fd());
      out.close();
      assertThrows(ClosedChannelException.class, () -> out.tryRead(buffer));
      assertThrows(ClosedChannelException.class, () -> out.tryRead(ByteBuffer.allocate(0)));
      assertThrows(ClosedChannelException.class, () -> out.read(buffer, SHORT));
      assertThrows(ClosedDescriptorException.class, out::fd);
    }
  }

  /** A single thread is enough, and neither direction waits for the other. */
  @Test
  @Contract("C9")
  void oneThreadDrivesBothDirections() throws Exception {
    byte[] sent = new byte[1_000_000];
    new Random(1).nextBytes(sent);
    ByteArrayOutputStream received = new ByteArrayOutputStream();
    try (ChildProcess child = Run.cat().spawn()) {
      PipeOutput in = child.stdin();
      PipeInput out = child.stdout();
      ByteBuffer source = ByteBuffer.wrap(sent);
      ByteBuffer target = ByteBuffer.allocate(10_000);
      while (true) {
        int written = in.tryWrite(source);
        if (!source.hasRemaining()) {
          in.close();
        }
        OptionalInt read = out.tryRead(target.clear());
        if (read.equals(END)) {
          break;
        }
        received.write(target.array(), 0, target.position());
        if (written == 0 && read.isEmpty()) {
          Poll.readable(out.fd());
        }
        if (!in.isOpen()) {
          while (!out.read(target.clear(), Timeouts.CEILING).equals(END)) {
            received.write(target.array(), 0, target.position());
          }
          break;
        }
      }
    }
    assertArrayEquals(sent, received.toByteArray());
  }

  @Test
  @Contract("C9")
  void aFullPipeTakesNothing() throws Exception {
    try (ChildProcess child = Run.sh("exec sleep 1000").spawn()) {
      PipeOutput in = child.stdin();
      int fd = in.fd();
      ByteBuffer much = ByteBuffer.allocate(4_000_000);
      int written = in.tryWrite(much);
      assertTrue(written > 0);
      assertEquals(written, much.position());
      while (in.tryWrite(much) > 0) {
        // Until it is full.
      }
      int position = much.position();
      assertEquals(0, in.write(much, SHORT));
      assertEquals(0, in.write(much, Duration.ZERO));
      assertEquals(position, much.position());
      assertTrue(in.isOpen());
      assertEquals(0, Poll.poll(fd, Poll.POLLOUT, Duration.ZERO));
      child.kill();
      Run.end(child);
      assertEpipe(() -> in.tryWrite(much));
      assertEpipe(() -> in.write(much, SHORT));
      assertTrue(Descriptors.isOpen(fd), "a loop has it");
      in.close();
      assertThrows(ClosedChannelException.class, () -> in.tryWrite(much));
      assertThrows(ClosedChannelException.class, () -> in.write(much, SHORT));
      assertThrows(ClosedDescriptorException.class, in::fd);
    }
  }

  private static void assertEpipe(org.junit.jupiter.api.function.Executable write) {
    assertEquals(
        Errno.EPIPE.intValue(),
        assertThrows(ProcessDescriptorException.class, write).errno());
  }

  @Test
  @Contract("C9")
  void aTimeOutLeavesThePipeOpen() throws Exception {
    try (ChildProcess child = Run.cat().spawn()) {
      PipeInput out = child.stdout();
      ByteBuffer buffer = ByteBuffer.allocate(100);
      assertEquals(NOTHING, out.read(buffer, SHORT));
      assertEquals(NOTHING, out.read(buffer, Duration.ZERO));
      assertEquals(NOTHING, out.read(buffer, Duration.ofSeconds(-1)));
      assertTrue(out.isOpen());
      assertEquals(4, child.stdin().write(bytes("abc\n"), SHORT));
      assertEquals(OptionalInt.of(4), out.read(buffer, Timeouts.CEILING));
      assertEquals("abc\n", text(buffer));
      Run.assertEchoes(child);
    }
  }

  @Test
  @Contract({"C9", "C11"})
  void aReaderIsNotDisturbedByOthers() throws Exception {
    try (ChildProcess child = Run.cat().spawn()) {
      PipeInput out = child.stdout();
      Await.Running<String> reader = Await.start(() -> Text.line(out));
      ConcurrentCallers.awaitBlocked(reader.thread());
      ByteBuffer buffer = ByteBuffer.allocate(100);
      assertEquals(NOTHING, out.tryRead(buffer));
      assertEquals(NOTHING, out.read(buffer, SHORT));
      assertThrows(IllegalStateException.class, out::detach);
      Text.send(child.stdin(), "for the first");
      assertEquals("for the first", Await.get(reader.result()));
    }
  }

  @Test
  @Contract({"C9", "C11"})
  void interruptAndCloseEndATimedRead() throws Exception {
    endATimedRead(Thread::new);
  }

  @Test
  @Contract({"C9", "C11"})
  void interruptAndCloseEndATimedReadOfAVirtualThread() throws Exception {
    Requires.virtualThreads();
    endATimedRead(VirtualThreads.factory());
  }

  private static void endATimedRead(ThreadFactory factory) throws Exception {
    ByteBuffer buffer = ByteBuffer.allocate(1);
    try (ChildProcess child = Run.cat().spawn();
        ConcurrentCallers<OptionalInt> callers = new ConcurrentCallers<>(factory)) {
      callers.add(() -> child.stdout().read(buffer, Timeouts.CEILING));
      callers.awaitBlocked();
      callers.interrupt();
      assertThrows(ClosedByInterruptException.class, callers::results);
      assertFalse(child.stdout().isOpen());
    }
    try (ChildProcess child = Run.cat().spawn();
        ConcurrentCallers<OptionalInt> callers = new ConcurrentCallers<>(factory)) {
      callers.add(() -> child.stdout().read(buffer, Timeouts.CEILING));
      callers.awaitBlocked();
      child.stdout().close();
      assertThrows(AsynchronousCloseException.class, callers::results);
    }
  }

  @Test
  @Contract("C9")
  void anAttemptIgnoresInterrupts() throws Exception {
    try (ChildProcess child = Run.cat().spawn()) {
      Thread.currentThread().interrupt();
      try {
        assertEquals(NOTHING, child.stdout().tryRead(ByteBuffer.allocate(1)));
        assertEquals(1, child.stdin().tryWrite(bytes("x")));
      } finally {
        assertTrue(Thread.interrupted());
      }
      assertEquals('x', child.stdout().read());
    }
  }

  @Test
  @Contract({"C8", "C9"})
  void aDetachedNumberIsTheCallers() throws Exception {
    int in;
    int out;
    try (ChildProcess child = Run.cat().spawn()) {
      in = child.stdin().detach();
      out = child.stdout().detach(IoMode.NON_BLOCKING);
      assertTrue(Descriptors.isCloseOnExec(in));
      assertTrue(Descriptors.isCloseOnExec(out));
      assertTrue(Descriptors.isBlocking(in));
      assertFalse(Descriptors.isBlocking(out));
      assertFalse(child.stdin().isOpen());
      assertFalse(child.stdout().isOpen());
      assertThrows(ClosedChannelException.class, () -> child.stdout().read());
      assertThrows(ClosedChannelException.class, () -> child.stdin().write(1));
      assertThrows(ClosedChannelException.class, () -> child.stdout().detach());
      assertThrows(ClosedChannelException.class, () -> child.stdin().detach());
      child.stdin().close();
      child.stdout().close();
      Descriptors.write(in, "still open");
      Poll.readable(out);
      assertEquals("still open", Descriptors.read(out));
      Descriptors.close(in);
      assertEquals(new Exited(0), Run.end(child));
      in = Descriptors.duplicate(out);
    }
    // The close of the child closes neither number, nor whatever has the other one now.
    assertTrue(Descriptors.isOpen(in));
    assertEquals("", Descriptors.read(out));
    Descriptors.close(in);
    Descriptors.close(out);
  }

  @Test
  @Contract("C9")
  void aPipeInUseIsNotDetached() throws Exception {
    try (ChildProcess child = Run.cat().spawn()) {
      Text.send(child.stdin(), "ab");
      assertEquals('a', child.stdout().read());
      assertThrows(IllegalStateException.class, () -> child.stdout().detach());
      assertEquals("b", Text.line(child.stdout()));
      FlowProbe probe = new FlowProbe(0);
      child.stdout().publisher(Runnable::run).subscribe(probe);
      assertThrows(IllegalStateException.class, () -> child.stdout().detach());
      assertThrows(
          IllegalStateException.class, () -> child.stdout().tryRead(ByteBuffer.allocate(1)));
      assertThrows(
          IllegalStateException.class, () -> child.stdout().read(ByteBuffer.allocate(1), SHORT));
      probe.subscription().cancel();
      assertThrows(ClosedChannelException.class, () -> child.stdout().detach());
    }
  }

  @Test
  @Contract({"C9", "C11"})
  void aWriterIsNotDetached() throws Exception {
    try (ChildProcess child = Run.sh("exec sleep 1000").spawn()) {
      Await.Running<Object> writer = Await.start(() -> {
        child.stdin().write(new byte[4_000_000]);
        return "written";
      });
      ConcurrentCallers.awaitBlocked(writer.thread());
      assertThrows(IllegalStateException.class, () -> child.stdin().detach());
      assertEquals(0, child.stdin().tryWrite(bytes("x")));
      assertEquals(0, child.stdin().write(bytes("x"), SHORT));
      child.stdin().close();
      assertInstanceOf(ClosedChannelException.class, Await.thrown(writer.result()));
    }
  }

  /** The library closes such descriptors early, which must not be left to chance here. */
  @Test
  @Contract("C9")
  void aPipeWithoutAnotherEndIsDetachedToo() throws Exception {
    try (ChildProcess child = Run.sh("exec sleep 1000 >&-").spawn()) {
      assertEquals(-1, child.stdout().read());
      // A future that is requested before the end is complete after the early close, which omits a
      // pipe that a thread uses at that moment.
      var end = child.onExit();
      child.kill();
      Await.get(end);
      assertThrows(ClosedDescriptorException.class, () -> child.stdout().fd());
      assertThrows(ClosedDescriptorException.class, () -> child.stdin().fd());
      int out = child.stdout().detach();
      int in = child.stdin().detach();
      assertEquals("", Descriptors.read(out));
      assertEquals(-1, Libc.C.write(in, new byte[1], 1));
      assertEquals(Errno.EPIPE, Libc.errno());
      assertTrue(Descriptors.isCloseOnExec(in));
      assertFalse(child.stdout().isOpen());
      assertFalse(child.stdin().isOpen());
      Descriptors.close(in);
      Descriptors.close(out);
    }
  }

  @Test
  @Contract("C8")
  void aWatchedNumberOutlivesTheChild() throws Exception {
    try (ChildProcess child = Run.sh("echo last; read -r line").spawn()) {
      int in = child.stdin().fd();
      int out = child.stdout().fd();
      var unused = child.asProcess(); // Whose pipes are closed at the end of the child.
      Text.send(child.stdin(), "go");
      Await.get(child.onExit());
      assertTrue(Descriptors.isOpen(in));
      assertTrue(Descriptors.isOpen(out));
      Poll.readable(out);
      ByteBuffer buffer = ByteBuffer.allocate(100);
      assertEquals(OptionalInt.of(5), child.stdout().tryRead(buffer));
      assertEquals("last\n", text(buffer));
      assertEquals(END, child.stdout().tryRead(buffer.clear()));
    }
  }
}
