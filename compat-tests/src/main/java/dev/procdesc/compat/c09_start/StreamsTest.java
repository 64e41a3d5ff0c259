package dev.procdesc.compat.c09_start;

import static dev.procdesc.compat.support.Liveness.assertAlive;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.Feature;
import dev.procdesc.PipeInput;
import dev.procdesc.PipeOutput;
import dev.procdesc.Signal;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Subjects;
import dev.procdesc.compat.contract.StreamsContract;
import dev.procdesc.compat.support.ConcurrentCallers;
import dev.procdesc.compat.support.Descriptors;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Text;
import dev.procdesc.testing.Await;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** Tests the pipes, which are streams and interruptible channels. */
final class StreamsTest extends StreamsContract {
  /** The size of a write that exceeds the capacity of every pipe. */
  private static final int MUCH = 4_000_000;

  StreamsTest() {
    super(Subjects.LIBRARY);
  }

  /** Runs a task in a new thread, and waits until that thread is blocked. */
  private static <T> BlockedTask<T> blocked(Callable<T> task) {
    FutureTask<T> future = new FutureTask<>(task);
    Thread thread = new Thread(future);
    thread.start();
    ConcurrentCallers.awaitBlocked(thread);
    return new BlockedTask<>(thread, future);
  }

  private record BlockedTask<T>(Thread thread, FutureTask<T> future) {}

  @Test
  @Contract("C9")
  void everyCallReturnsTheSamePipe() throws Exception {
    try (ChildProcess child = Run.cat().spawn()) {
      assertSame(child.stdin(), child.stdin());
      assertSame(child.stdin(), child.pipeTo(0));
      assertSame(child.stdout(), child.pipeFrom(1));
      assertTrue(child.hasPipe(0));
      assertTrue(child.hasPipe(1));
      assertFalse(child.hasPipe(2));
    }
  }

  @Test
  @Contract("C9")
  void aPipeThatWasNotRequestedIsAnIllegalState() throws Exception {
    try (ChildProcess child = Run.cat().spawn()) {
      assertThrows(IllegalStateException.class, child::stderr);
      assertThrows(IllegalStateException.class, () -> child.pipeTo(1));
      assertThrows(IllegalStateException.class, () -> child.pipeFrom(0));
      assertThrows(IllegalStateException.class, () -> child.pipeFrom(77));
      assertThrows(IllegalStateException.class, () -> child.pipeFrom(-1));
      assertFalse(child.hasPipe(-1));
    }
  }

  @Test
  @Contract("C9")
  void streamAndChannelAccessTheSamePipe() throws Exception {
    try (ChildProcess child = Run.cat().spawn()) {
      PipeOutput in = child.stdin();
      PipeInput out = child.stdout();
      in.write('a');
      assertEquals(3, in.write(ByteBuffer.wrap("bcd".getBytes(StandardCharsets.UTF_8))));
      ByteBuffer direct = ByteBuffer.allocateDirect(4);
      direct.put("efgh".getBytes(StandardCharsets.UTF_8)).flip().position(1);
      assertEquals(3, in.write(direct));
      assertFalse(direct.hasRemaining());
      in.close();
      assertEquals('a', out.read());
      StringBuilder rest = new StringBuilder();
      ByteBuffer two = ByteBuffer.allocate(2);
      while (out.read(two) != -1) {
        rest.append(StandardCharsets.UTF_8.decode(two.flip()));
        two.clear();
        if (rest.length() == 2) {
          rest.append((char) out.read());
        }
      }
      assertEquals("bcdfgh", rest.toString());
      assertEquals(-1, out.read());
      assertEquals(-1, out.read(two));
      assertEquals(-1, out.read(new byte[1]));
    }
  }

  @Test
  @Contract("C9")
  void emptyReadsAndWritesTransferNothing() throws Exception {
    try (ChildProcess child = Run.cat().spawn()) {
      assertEquals(0, child.stdout().read(new byte[0]));
      assertEquals(0, child.stdout().read(ByteBuffer.allocate(0)));
      child.stdin().write(new byte[0]);
      assertEquals(0, child.stdin().write(ByteBuffer.allocate(0)));
      Run.assertEchoes(child);
    }
  }

  @Test
  @Contract("C9")
  void emptyReadsAndWritesOfAClosedPipeAreRefused() throws Exception {
    try (ChildProcess child = Run.cat().spawn()) {
      child.stdin().close();
      child.stdout().close();
      List<Executable> uses = List.of(
          () -> child.stdout().read(new byte[0]),
          () -> child.stdout().read(ByteBuffer.allocate(0)),
          () -> child.stdin().write(new byte[0]),
          () -> child.stdin().write(ByteBuffer.allocate(0)));
      for (Executable use : uses) {
        assertThrows(ClosedChannelException.class, use);
      }
    }
  }

  @Test
  @Contract("C9")
  void anInvalidRangeIsRefused() throws Exception {
    try (ChildProcess child = Run.cat().spawn()) {
      byte[] bytes = new byte[10];
      assertThrows(IndexOutOfBoundsException.class, () -> child.stdout().read(bytes, 5, 6));
      assertThrows(IndexOutOfBoundsException.class, () -> child.stdout().read(bytes, -1, 1));
      assertThrows(IndexOutOfBoundsException.class, () -> child.stdin().write(bytes, 5, 6));
      assertThrows(IndexOutOfBoundsException.class, () -> child.stdin().write(bytes, 0, -1));
      Run.assertEchoes(child);
    }
  }

  @Test
  @Contract("C9")
  void aReadReturnsTheBytesThatAreAvailable() throws Exception {
    try (ChildProcess child = Run.cat().spawn()) {
      Text.send(child.stdin(), "few");
      byte[] many = new byte[1000];
      assertEquals(4, child.stdout().read(many));
      assertEquals(4, "few\n".length());
    }
  }

  @Test
  @Contract("C11")
  void closeFromAnotherThreadEndsARead() throws Exception {
    try (ChildProcess child = Run.cat().spawn()) {
      var reader = blocked(() ->
          assertThrows(AsynchronousCloseException.class, () -> child.stdout().read()));
      child.stdout().close();
      reader.future().get();
      assertFalse(child.stdout().isOpen());
      assertThrows(ClosedChannelException.class, () -> child.stdout().read());
      assertThrows(ClosedChannelException.class, () -> child.stdout().read(ByteBuffer.allocate(1)));
      assertAlive(child);
    }
  }

  @Test
  @Contract("C11")
  void closeFromAnotherThreadEndsAWrite() throws Exception {
    try (ChildProcess child = Run.sh("exec sleep 1000").spawn()) {
      var writer = blocked(() -> assertThrows(
          AsynchronousCloseException.class, () -> child.stdin().write(new byte[MUCH])));
      child.stdin().close();
      writer.future().get();
      assertFalse(child.stdin().isOpen());
      assertThrows(ClosedChannelException.class, () -> child.stdin().write(1));
      assertAlive(child);
    }
  }

  @Test
  @Contract({"C6", "C11"})
  void closeOfTheChildEndsAReadAndAWrite() throws Exception {
    ChildProcess child = Run.sh("exec sleep 1000").spawn();
    var reader = blocked(() -> assertThrows(IOException.class, () -> readToTheEnd(child.stdout())));
    var writer =
        blocked(() -> assertThrows(IOException.class, () -> child.stdin().write(new byte[MUCH])));
    child.close();
    reader.future().get();
    writer.future().get();
  }

  private static void readToTheEnd(PipeInput in) throws IOException {
    if (in.read() == -1) {
      // The close also kills the child, whose end of file may arrive first.
      throw new IOException("end of file");
    }
  }

  @Test
  @Contract("C11")
  void anInterruptClosesAndEndsARead() throws Exception {
    try (ChildProcess child = Run.cat().spawn()) {
      var reader = blocked(() -> {
        assertThrows(ClosedByInterruptException.class, () -> child.stdout().read());
        return Thread.interrupted();
      });
      reader.thread().interrupt();
      assertTrue(
          reader.future().get(),
          "the interrupt status stays set, as with every interruptible channel");
      assertFalse(child.stdout().isOpen());
      assertAlive(child);
    }
  }

  @Test
  @Contract("C11")
  void anInterruptClosesAndEndsAWrite() throws Exception {
    try (ChildProcess child = Run.sh("exec sleep 1000").spawn()) {
      var writer = blocked(() -> {
        assertThrows(ClosedByInterruptException.class, () -> child.stdin().write(new byte[MUCH]));
        return Thread.interrupted();
      });
      writer.thread().interrupt();
      assertTrue(writer.future().get());
      assertFalse(child.stdin().isOpen());
      assertAlive(child);
    }
  }

  /** Tests that a transfer that need not wait is ended by an earlier interrupt. */
  private static void assertClosedByInterrupt(Executable transfer) {
    Thread.currentThread().interrupt();
    try {
      assertThrows(ClosedByInterruptException.class, transfer);
    } finally {
      assertTrue(Thread.interrupted(), "the interrupt status stays set");
    }
  }

  @Test
  @Contract("C11")
  void anInterruptPrecedesAvailableData() throws Exception {
    try (ChildProcess child = Run.sh("printf ab; exec sleep 1000").spawn()) {
      assertEquals('a', child.stdout().read());
      assertClosedByInterrupt(() -> child.stdout().read());
      assertFalse(child.stdout().isOpen());
      assertAlive(child);
    }
  }

  @Test
  @Contract("C11")
  void anInterruptPrecedesAWriteThatHasRoom() throws Exception {
    try (ChildProcess child = Run.cat().spawn()) {
      assertClosedByInterrupt(() -> child.stdin().write(1));
      assertFalse(child.stdin().isOpen());
      assertEquals(-1, child.stdout().read(), "nothing was written");
    }
  }

  @Test
  @Contract("C11")
  void anInterruptEndsTheWaitForAnotherReader() throws Exception {
    try (ChildProcess child = Run.cat().spawn()) {
      var first = blocked(() ->
          assertThrows(AsynchronousCloseException.class, () -> child.stdout().read()));
      var second = blocked(() ->
          assertThrows(ClosedByInterruptException.class, () -> child.stdout().read()));
      second.thread().interrupt();
      Await.get(second.future());
      Await.get(first.future());
      assertAlive(child);
    }
  }

  @Test
  @Contract("C9")
  void aBrokenPipeIsAnIoException() throws Exception {
    try (ChildProcess child =
        Run.sh("exec <&-; echo closed; read never; exec sleep 1000").spawn()) {
      assertEquals("closed", Text.line(child.stdout()));
      IOException thrown = assertThrows(IOException.class, () -> child.stdin().write(1));
      assertTrue(String.valueOf(thrown.getMessage()).contains("EPIPE"), thrown.toString());
    }
  }

  @Test
  @Contract("C9")
  void aWriteFailsWhenItsReaderDies() throws Exception {
    try (ChildProcess child = Run.sh("read line; exit 17").spawn()) {
      var writer =
          blocked(() -> assertThrows(IOException.class, () -> child.stdin().write(new byte[MUCH])));
      child.kill();
      assertInstanceOf(IOException.class, writer.future().get());
    }
  }

  @Test
  @Contract("C9")
  void aBrokenPipeKillsTheChildBySigpipe() throws Exception {
    // The JVM changes the disposition of SIGPIPE; the child must not inherit that.
    try (ChildProcess child = Run.sh("while :; do echo more || exit 99; done").spawn()) {
      assertEquals("more", Text.line(child.stdout()));
      child.stdout().close();
      assertEquals(Run.signaled(Signal.PIPE), Run.end(child));
    }
  }

  @Test
  @Contract("C9")
  void endOfFileComesWithTheExitOfTheLastWriter() throws Exception {
    try (ChildProcess child =
        Run.sh("exec 3<&0; (read line <&3; echo late) & exit 0").spawn()) {
      assertEquals(new Exited(0), Run.end(child));
      Text.send(child.stdin(), "go");
      assertEquals("late", Text.all(child.stdout()));
    }
  }

  @Test
  @Contract("C11")
  void writesFromSeveralThreadsAreNotInterleaved() throws Exception {
    int size = 300_000;
    try (ChildProcess child = Run.cat().spawn();
        ConcurrentCallers<Void> writers = new ConcurrentCallers<>(Thread::new)) {
      for (int i = 0; i < 6; i++) {
        byte[] block = new byte[size];
        Arrays.fill(block, (byte) ('a' + i));
        writers.add(() -> {
          child.stdin().write(block);
          return null;
        });
      }
      StringBuilder order = new StringBuilder();
      for (int i = 0; i < 6; i++) {
        byte[] block = child.stdout().readNBytes(size);
        byte[] expected = new byte[size];
        Arrays.fill(expected, block[0]);
        assertArrayEquals(expected, block, "the bytes of one write are contiguous");
        order.append((char) block[0]);
      }
      writers.results();
      assertEquals(6, order.chars().distinct().count());
    }
  }

  @Test
  @Contract("C9")
  void pipesMayHaveOtherNumbers() throws Exception {
    Requires.feature(Feature.CHILD_SETUP);
    Spawner spawner = Run.sh("read line <&5; echo \"got $line\" >&4; echo out")
        .descriptor(5, Stdio.pipeToChild())
        .descriptor(4, Stdio.pipeFromChild());
    try (ChildProcess child = spawner.spawn()) {
      Text.send(child.pipeTo(5), "this");
      assertEquals("got this", Text.all(child.pipeFrom(4)));
      assertEquals("out", Text.all(child.stdout()));
      assertEquals(new Exited(0), Run.end(child));
    }
  }

  @Test
  @Contract("C9")
  void standardPipesMayBeReversed() throws Exception {
    Spawner spawner = Spawner.of("/bin/sh", "-c", "echo out >&0; read line <&1; echo \"$line\" >&0")
        .stdin(Stdio.pipeFromChild())
        .stdout(Stdio.pipeToChild())
        .stderr(Stdio.nullDevice());
    try (ChildProcess child = spawner.spawn()) {
      assertEquals("out", Text.line(child.pipeFrom(0)));
      Text.send(child.pipeTo(1), "in");
      assertEquals("in", Text.all(child.pipeFrom(0)));
      assertThrows(IllegalStateException.class, child::stdin);
    }
  }

  @Test
  @Contract({"C6", "C9"})
  void closeOfTheChildClosesItsPipes() throws Exception {
    ChildProcess child = Run.cat().spawn();
    PipeOutput in = child.stdin();
    PipeInput out = child.stdout();
    child.close();
    assertFalse(in.isOpen());
    assertFalse(out.isOpen());
    assertThrows(ClosedChannelException.class, () -> in.write(1));
    assertThrows(ClosedChannelException.class, out::read);
    in.close();
    out.close();
  }

  @Test
  @Contract("C8")
  void theParentsEndsAreCloseOnExec() throws Exception {
    // With another child, what the library gives back after an idle time is there before.
    try (ChildProcess other = Run.cat().spawn()) {
      var before = Descriptors.open();
      try (ChildProcess child = Run.cat().spawn()) {
        var after = Descriptors.open();
        after.entrySet().removeAll(before.entrySet());
        assertTrue(after.containsKey(child.fd()));
        assertEquals(
            3, after.size(), () -> "the process descriptor and two pipes are open: " + after);
        for (int fd : after.keySet()) {
          assertTrue(Descriptors.isCloseOnExec(fd), () -> fd + " of " + after);
        }
      }
      Run.assertEchoes(other);
    }
  }
}
