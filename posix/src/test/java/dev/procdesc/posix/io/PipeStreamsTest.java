package dev.procdesc.posix.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.testing.Await;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.zip.CRC32;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Tests the parent's ends of pipes: {@link PipeInputImpl} and {@link PipeOutputImpl}. */
final class PipeStreamsTest {
  private static final Watcher WATCHER = new Watcher(new PollQueue());

  /** The tests check that its numbers are closed, which no other thread may get meanwhile. */
  private final TestSystem.Pipe pipe = TestSystem.pipeFarUp();

  private final PipeInputImpl input =
      new PipeInputImpl(OwnedDescriptor.take(pipe.readEnd(), "a reading end"), WATCHER);
  private final PipeOutputImpl output =
      new PipeOutputImpl(OwnedDescriptor.take(pipe.writeEnd(), "a writing end"), WATCHER);

  @AfterEach
  void closeStreams() {
    input.close();
    output.close();
  }

  /** The kinds of thread, which wait in different ways. */
  enum Kind {
    PLATFORM,
    VIRTUAL;

    <T> Await.Running<T> start(Await.Task<T> task) {
      if (this == PLATFORM) {
        return Await.start(task);
      }
      CompletableFuture<T> result = new CompletableFuture<>();
      Runnable body = () -> Await.complete(result, task);
      try {
        Thread thread = (Thread)
            Thread.class.getMethod("startVirtualThread", Runnable.class).invoke(null, body);
        return new Await.Running<>(thread, result);
      } catch (NoSuchMethodException e) {
        assumeTrue(false, "this JVM has no virtual threads");
        throw new AssertionError(e);
      } catch (IllegalAccessException | InvocationTargetException e) {
        throw new LinkageError("Thread.startVirtualThread", e);
      }
    }

    /** Waits until a thread blocks on its pipe. */
    void awaitBlocked(Thread thread) {
      if (this == PLATFORM) {
        Await.inside(thread, "poll");
      } else {
        awaitParked(thread);
      }
    }

    /** Waits until a thread waits in Java, such as for another reader. */
    void awaitParked(Thread thread) {
      Await.until(thread + " is parked", () -> thread.getState() == Thread.State.WAITING);
    }
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  // ---- plain reading and writing

  @Test
  void whatIsWrittenIsRead() throws IOException {
    output.write(bytes("hello"));
    byte[] read = new byte[10];
    assertEquals(5, input.read(read, 2, 8));
    assertArrayEquals(bytes("\0\0hello\0\0\0"), read);
  }

  @Test
  void singleBytesOfAProcessAreOneTransfer() throws IOException {
    int buffered = 8192;
    output.write(new byte[2 * buffered]);
    InputStream in = input.processStream();
    for (int i = 0; i < buffered; i++) {
      assertEquals(0, in.read());
      assertEquals(buffered, input.available(), "after byte " + i);
    }
    OutputStream out = output.processStream();
    for (int i = 0; i < buffered; i++) {
      out.write(i);
      assertEquals(buffered, input.available(), "after byte " + i);
    }
    out.flush();
    byte[] all = new byte[2 * buffered];
    assertEquals(2 * buffered, input.readNBytes(all, 0, all.length));
  }

  @Test
  void singleBytesAreNotSigned() throws IOException {
    for (int value = 0; value < 256; value++) {
      output.write(value);
    }
    output.write(0x1FF);
    for (int value = 0; value < 256; value++) {
      assertEquals(value, input.read());
    }
    assertEquals(0xFF, input.read());
  }

  @Test
  void endOfFileStays() throws IOException {
    output.write('x');
    output.close();
    assertEquals('x', input.read());
    for (int i = 0; i < 3; i++) {
      assertEquals(-1, input.read());
      assertEquals(-1, input.read(new byte[7]));
      assertEquals(-1, input.read(ByteBuffer.allocate(7)));
      assertEquals(0, input.available());
    }
    assertTrue(input.isOpen());
  }

  @Test
  void availableIsWhatCanBeReadWithoutWaiting() throws IOException {
    assertEquals(0, input.available());
    output.write(bytes("hello"));
    assertEquals(5, input.available());
    assertEquals(5, input.available(), "available() consumed data");
    assertEquals('h', input.read());
    assertEquals(4, input.available());
    assertArrayEquals(bytes("ello"), input.readNBytes(4));
    assertEquals(0, input.available());
  }

  @Test
  void streamAndChannelShareTheirBuffer() throws IOException {
    output.write(bytes("abcdefgh"));
    assertEquals('a', input.read());
    ByteBuffer direct = ByteBuffer.allocateDirect(3);
    assertEquals(3, input.read(direct));
    direct.flip();
    assertEquals("bcd", StandardCharsets.US_ASCII.decode(direct).toString());
    ByteBuffer part = ByteBuffer.allocate(10).position(3).limit(5);
    assertEquals(2, input.read(part));
    assertEquals(5, part.position());
    assertArrayEquals(bytes("\0\0\0ef\0\0\0\0\0"), part.array());
    assertArrayEquals(bytes("gh"), input.readNBytes(2));
  }

  @Test
  void buffersAreWrittenFromTheirPosition() throws IOException {
    assertEquals(3, output.write(ByteBuffer.wrap(bytes("abcdef")).position(2).limit(5)));
    ByteBuffer direct = ByteBuffer.allocateDirect(4).put(bytes("wxyz")).flip();
    assertEquals(4, output.write(direct));
    assertFalse(direct.hasRemaining());
    assertEquals(2, output.write(ByteBuffer.wrap(bytes("12")).asReadOnlyBuffer()));
    output.close();
    assertArrayEquals(bytes("cdewxyz12"), input.readAllBytes());
  }

  @Test
  void nothingToDoIsDoneAtOnce() throws IOException {
    assertEquals(0, input.read(new byte[0]));
    assertEquals(0, input.read(ByteBuffer.allocate(0)));
    output.write(new byte[0]);
    assertEquals(0, output.write(ByteBuffer.allocate(0)));
    assertEquals(0, input.available());
  }

  @Test
  void boundsAreChecked() {
    byte[] array = new byte[4];
    assertThrows(IndexOutOfBoundsException.class, () -> input.read(array, 2, 3));
    assertThrows(IndexOutOfBoundsException.class, () -> input.read(array, -1, 2));
    assertThrows(IndexOutOfBoundsException.class, () -> output.write(array, 2, 3));
    assertThrows(IndexOutOfBoundsException.class, () -> output.write(array, 0, -1));
  }

  @Test
  void largeTransfersArriveWhole() throws Exception {
    int total = 48 * 1024 * 1024;
    var writer = Await.start(() -> {
      Random random = new Random(1);
      CRC32 sum = new CRC32();
      int left = total;
      while (left > 0) {
        byte[] part = new byte[Math.min(left, 1 + random.nextInt(300_000))];
        random.nextBytes(part);
        sum.update(part);
        output.write(part);
        left -= part.length;
      }
      output.close();
      return sum.getValue();
    });
    Random random = new Random(2);
    CRC32 sum = new CRC32();
    byte[] part = new byte[300_000];
    int read = 0;
    while (true) {
      int length = 1 + random.nextInt(part.length);
      int count = input.read(part, 0, length);
      if (count < 0) {
        break;
      }
      assertTrue(count >= 1 && count <= length);
      sum.update(part, 0, count);
      read += count;
    }
    assertEquals(total, read);
    assertEquals(Await.get(writer.result()), sum.getValue());
  }

  @Test
  void oneWriteIsNotMixedWithAnother() throws Exception {
    int writers = 4;
    int length = 200_000;
    List<Await.Running<Integer>> running = new ArrayList<>();
    for (int i = 0; i < writers; i++) {
      byte[] data = new byte[length];
      Arrays.fill(data, (byte) ('a' + i));
      running.add(Await.start(() -> {
        for (int round = 0; round < 5; round++) {
          output.write(data);
        }
        return 0;
      }));
    }
    for (int round = 0; round < 5 * writers; round++) {
      byte[] seen = input.readNBytes(length);
      for (byte value : seen) {
        if (value != seen[0]) {
          throw new AssertionError("mixed: " + (char) seen[0] + " and " + (char) value);
        }
      }
    }
    for (var thread : running) {
      Await.get(thread.result());
    }
  }

  @Test
  void readsOfSeveralThreadsTakeEachByteOnce() throws Exception {
    List<Await.Running<Long>> readers = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      readers.add(Await.start(() -> {
        long sum = 0;
        byte[] part = new byte[777];
        for (int count = input.read(part); count >= 0; count = input.read(part)) {
          for (int at = 0; at < count; at++) {
            sum += part[at];
          }
        }
        return sum;
      }));
    }
    byte[] data = new byte[1_000_000];
    Arrays.fill(data, (byte) 3);
    output.write(data);
    output.close();
    long sum = 0;
    for (var reader : readers) {
      sum += Await.get(reader.result());
    }
    assertEquals(3L * data.length, sum);
  }

  @Test
  void aBrokenPipeIsAnException() {
    input.close();
    // The default action of SIGPIPE would have terminated this JVM.
    var broken = assertThrows(ProcessDescriptorException.class, () -> output.write(1));
    assertTrue(String.valueOf(broken.getMessage()).contains("EPIPE"), broken.getMessage());
    assertTrue(output.isOpen());
  }

  // ---- closing

  @Test
  void nothingWorksAfterClose() throws IOException {
    output.write(bytes("unread"));
    assertEquals('u', input.read());
    input.close();
    input.close();
    assertFalse(input.isOpen());
    assertThrows(ClosedChannelException.class, input::read);
    assertThrows(ClosedChannelException.class, () -> input.read(new byte[3]));
    assertThrows(ClosedChannelException.class, () -> input.read(ByteBuffer.allocate(3)));
    assertThrows(ClosedChannelException.class, () -> input.read(new byte[0]));
    assertThrows(ClosedChannelException.class, input::available);
    output.close();
    output.close();
    assertFalse(output.isOpen());
    assertThrows(ClosedChannelException.class, () -> output.write(1));
    assertThrows(ClosedChannelException.class, () -> output.write(ByteBuffer.allocate(3)));
    assertThrows(ClosedChannelException.class, () -> output.write(new byte[0]));
    assertFalse(TestSystem.isOpen(pipe.readEnd()) && TestSystem.isOpen(pipe.writeEnd()));
  }

  @ParameterizedTest
  @EnumSource
  void closeEndsARead(Kind kind) throws Exception {
    var reader = kind.start(() -> input.read());
    kind.awaitBlocked(reader.thread());
    input.close();
    assertInstanceOf(AsynchronousCloseException.class, Await.thrown(reader.result()));
    Await.end(reader.thread());
    assertEquals(-PosixNumbers.EBADF, LibC.fcntl(pipe.readEnd(), PosixNumbers.F_GETFL, 0));
  }

  @ParameterizedTest
  @EnumSource
  void closeEndsAWrite(Kind kind) throws Exception {
    var writer = kind.start(() -> {
      output.write(new byte[10_000_000]);
      return 0;
    });
    kind.awaitBlocked(writer.thread());
    output.close();
    assertInstanceOf(AsynchronousCloseException.class, Await.thrown(writer.result()));
    Await.end(writer.thread());
    assertEquals(-PosixNumbers.EBADF, LibC.fcntl(pipe.writeEnd(), PosixNumbers.F_GETFL, 0));
  }

  @ParameterizedTest
  @EnumSource
  void anInterruptEndsAReadAndCloses(Kind kind) throws Exception {
    var reader = kind.start(() -> {
      try {
        return input.read();
      } finally {
        assertTrue(Thread.currentThread().isInterrupted(), "the interrupt status was cleared");
      }
    });
    kind.awaitBlocked(reader.thread());
    reader.thread().interrupt();
    assertInstanceOf(ClosedByInterruptException.class, Await.thrown(reader.result()));
    assertFalse(input.isOpen());
  }

  @ParameterizedTest
  @EnumSource
  void anInterruptEndsAWriteAndCloses(Kind kind) throws Exception {
    var writer = kind.start(() -> {
      output.write(new byte[10_000_000]);
      return 0;
    });
    kind.awaitBlocked(writer.thread());
    writer.thread().interrupt();
    assertInstanceOf(ClosedByInterruptException.class, Await.thrown(writer.result()));
    assertFalse(output.isOpen());
  }

  @ParameterizedTest
  @EnumSource
  void anInterruptFromBeforeEndsARead(Kind kind) throws Exception {
    var reader = kind.start(() -> {
      Thread.currentThread().interrupt();
      return input.read();
    });
    assertInstanceOf(ClosedByInterruptException.class, Await.thrown(reader.result()));
    assertFalse(input.isOpen());
  }

  @ParameterizedTest
  @EnumSource
  void anInterruptPrecedesAvailableData(Kind kind) throws Exception {
    output.write('x');
    var reader = kind.start(() -> {
      Thread.currentThread().interrupt();
      return input.read();
    });
    assertInstanceOf(ClosedByInterruptException.class, Await.thrown(reader.result()));
    assertFalse(input.isOpen());
  }

  @ParameterizedTest
  @EnumSource
  void anInterruptPrecedesBufferedData(Kind kind) throws Exception {
    output.write(bytes("xy"));
    var reader = kind.start(() -> {
      assertEquals('x', input.read());
      Thread.currentThread().interrupt();
      return input.read();
    });
    assertInstanceOf(ClosedByInterruptException.class, Await.thrown(reader.result()));
    assertFalse(input.isOpen());
  }

  @ParameterizedTest
  @EnumSource
  void anInterruptPrecedesAWriteThatHasRoom(Kind kind) throws Exception {
    var writer = kind.start(() -> {
      Thread.currentThread().interrupt();
      output.write(1);
      return 0;
    });
    assertInstanceOf(ClosedByInterruptException.class, Await.thrown(writer.result()));
    assertFalse(output.isOpen());
    assertEquals(-1, input.read(), "nothing was written");
  }

  @ParameterizedTest
  @EnumSource
  void anInterruptEndsTheWaitForAnotherReader(Kind kind) throws Exception {
    var first = kind.start(() -> input.read());
    kind.awaitBlocked(first.thread());
    var second = kind.start(() -> input.read());
    kind.awaitParked(second.thread());
    second.thread().interrupt();
    assertInstanceOf(ClosedByInterruptException.class, Await.thrown(second.result()));
    assertInstanceOf(AsynchronousCloseException.class, Await.thrown(first.result()));
  }

  @ParameterizedTest
  @EnumSource
  void anInterruptEndsTheWaitForAnotherWriter(Kind kind) throws Exception {
    Await.Task<Integer> task = () -> {
      output.write(new byte[10_000_000]);
      return 0;
    };
    var first = kind.start(task);
    kind.awaitBlocked(first.thread());
    var second = kind.start(task);
    kind.awaitParked(second.thread());
    second.thread().interrupt();
    assertInstanceOf(ClosedByInterruptException.class, Await.thrown(second.result()));
    assertInstanceOf(AsynchronousCloseException.class, Await.thrown(first.result()));
  }

  @ParameterizedTest
  @EnumSource
  void dataEndsARead(Kind kind) throws Exception {
    for (int i = 0; i < 20; i++) {
      var reader = kind.start(() -> input.read());
      kind.awaitBlocked(reader.thread());
      output.write(i);
      assertEquals(i, Await.get(reader.result()));
    }
  }

  @ParameterizedTest
  @EnumSource
  void endOfFileEndsARead(Kind kind) throws Exception {
    var reader = kind.start(() -> input.read());
    kind.awaitBlocked(reader.thread());
    output.close();
    assertEquals(-1, Await.get(reader.result()));
  }

  @ParameterizedTest
  @EnumSource
  void roomEndsAWrite(Kind kind) throws Exception {
    int total = 5_000_000;
    var writer = kind.start(() -> {
      output.write(new byte[total]);
      output.close();
      return 0;
    });
    kind.awaitBlocked(writer.thread());
    assertEquals(total, input.readAllBytes().length);
    Await.get(writer.result());
  }

  @ParameterizedTest
  @EnumSource
  void theReadersEndEndsAWrite(Kind kind) throws Exception {
    var writer = kind.start(() -> {
      output.write(new byte[5_000_000]);
      return 0;
    });
    kind.awaitBlocked(writer.thread());
    input.close();
    assertInstanceOf(ProcessDescriptorException.class, Await.thrown(writer.result()));
  }

  @Test
  void availableDoesNotWaitForAReader() throws Exception {
    var reader = Await.start(() -> input.read());
    Await.inside(reader.thread(), "poll");
    assertEquals(0, input.available());
    output.write('x');
    assertEquals('x', Await.get(reader.result()));
  }

  /** Tests that a close that races a read or write causes one of the exceptions of a channel. */
  @ParameterizedTest
  @EnumSource
  void closeRacesReadAndWrite(Kind kind) throws Exception {
    int before = warmedUp(kind);
    for (int round = 0; round < 400; round++) {
      TestSystem.Pipe racing = TestSystem.pipe();
      CyclicBarrier start = new CyclicBarrier(2);
      boolean reading = round % 2 == 0;
      int spins = round * 7 % 600;
      Await.Running<Integer> user;
      Runnable close;
      if (reading) {
        PipeInputImpl in =
            new PipeInputImpl(OwnedDescriptor.take(racing.readEnd(), "racing"), WATCHER);
        user = kind.start(() -> {
          start.await();
          return in.read();
        });
        close = in::close;
      } else {
        PipeOutputImpl out =
            new PipeOutputImpl(OwnedDescriptor.take(racing.writeEnd(), "racing"), WATCHER);
        user = kind.start(() -> {
          start.await();
          out.write(new byte[200_000]);
          return 0;
        });
        close = out::close;
      }
      start.await();
      for (int i = 0; i < spins; i++) {
        Thread.onSpinWait();
      }
      close.run();
      Throwable thrown = Await.thrown(user.result());
      assertInstanceOf(ClosedChannelException.class, thrown, () -> "round of " + thrown);
      LibC.close(reading ? racing.writeEnd() : racing.readEnd());
    }
    assertTrue(TestSystem.countOpen() <= before + 2, "descriptors leak");
  }

  /** Creates the descriptors that are created once, and counts all open descriptors. */
  private int warmedUp(Kind kind) throws Exception {
    var reader = kind.start(() -> input.read());
    kind.awaitBlocked(reader.thread());
    output.write(1);
    Await.get(reader.result());
    return TestSystem.countOpen();
  }

  @Test
  void virtualThreadsThatWaitHoldNoCarriers() throws Exception {
    int count = 4 * Runtime.getRuntime().availableProcessors() + 20;
    List<TestSystem.Pipe> pipes = new ArrayList<>();
    List<Await.Running<Integer>> readers = new ArrayList<>();
    try {
      for (int i = 0; i < count; i++) {
        TestSystem.Pipe one = TestSystem.pipe();
        pipes.add(one);
        PipeInputImpl in =
            new PipeInputImpl(OwnedDescriptor.take(one.readEnd(), "one of many"), WATCHER);
        readers.add(Kind.VIRTUAL.start(() -> {
          try (in) {
            return in.read();
          }
        }));
      }
      for (var reader : readers) {
        Kind.VIRTUAL.awaitBlocked(reader.thread());
      }
      // All of them wait, but another one can still read.
      assertEquals(42, Await.get(Kind.VIRTUAL.start(() -> 42).result()));
      for (int i = count - 1; i >= 0; i--) {
        TestSystem.writeByte(pipes.get(i).writeEnd(), i);
        assertEquals(i & 0xFF, Await.get(readers.get(i).result()));
      }
    } finally {
      pipes.forEach(one -> LibC.close(one.writeEnd()));
    }
  }
}
