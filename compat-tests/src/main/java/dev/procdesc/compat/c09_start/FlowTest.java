package dev.procdesc.compat.c09_start;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.OutputSubscribers;
import dev.procdesc.OutputSubscribers.LongLine;
import dev.procdesc.PipeSubscriber;
import dev.procdesc.Signal;
import dev.procdesc.Stdio;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.support.ConcurrentCallers;
import dev.procdesc.compat.support.FlowProbe;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.LibraryThreads;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Text;
import dev.procdesc.testing.Await;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SubmissionPublisher;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Tests the streams to and from children that need no thread which waits. */
@ExtendWith(LeakCheck.class)
final class FlowTest {
  private static final int MUCH = 4_000_000;

  private final ExecutorService pool = Executors.newCachedThreadPool();
  private final ExecutorService single = Executors.newSingleThreadExecutor();

  @AfterEach
  void shutDown() {
    pool.shutdownNow();
    single.shutdownNow();
  }

  /** The kinds of executors, which run tasks in different threads. */
  enum Kind {
    POOL,
    SINGLE,
    CALLER
  }

  private Executor executor(Kind kind) {
    return switch (kind) {
      case POOL -> pool;
      case SINGLE -> single;
      case CALLER -> Runnable::run;
    };
  }

  @ParameterizedTest
  @EnumSource
  @Contract("C9")
  @SuppressWarnings("try") // The test closes a resource before the block ends.
  void muchDataGoesThroughAChildWhole(Kind kind) throws Exception {
    byte[] data = new byte[MUCH];
    new Random(3).nextBytes(data);
    ByteArrayOutputStream received = new ByteArrayOutputStream();
    try (ChildProcess child = Run.cat().spawn();
        SubmissionPublisher<ByteBuffer> source = new SubmissionPublisher<>(pool, 4)) {
      PipeSubscriber writer = child.stdin().subscriber(executor(kind));
      source.subscribe(writer);
      PipeSubscriber reader = OutputSubscribers.ofBytes(bytes -> {
        assertTrue(bytes.isReadOnly());
        byte[] part = new byte[bytes.remaining()];
        bytes.get(part);
        received.writeBytes(part);
      });
      child.stdout().publisher(executor(kind)).subscribe(reader);
      for (int at = 0; at < MUCH; at += 100_000) {
        source.submit(ByteBuffer.wrap(data, at, 100_000));
      }
      source.submit(ByteBuffer.allocate(0));
      source.close();
      assertEquals(MUCH, Await.get(writer.completion()));
      assertEquals(MUCH, Await.get(reader.completion()));
      assertEquals(new Exited(0), Run.end(child));
      assertFalse(child.stdin().isOpen());
      assertEquals(-1, child.stdout().read(), "reads after the end return the end of file");
    }
    assertArrayEquals(data, received.toByteArray());
  }

  @Test
  @Contract("C9")
  void nothingIsReadThatWasNotRequested() throws Exception {
    try (ChildProcess child = Run.sh("while echo more; do :; done").spawn()) {
      FlowProbe probe = new FlowProbe(0);
      child.stdout().publisher(pool).subscribe(probe);
      probe.subscription().request(2);
      probe.awaitBuffers(2);
      probe.subscription().request(1);
      probe.awaitBuffers(3);
      probe.subscription().cancel();
      assertEquals(Run.signaled(Signal.PIPE), Run.end(child), "the child blocked in a write");
      assertFalse(child.stdout().isOpen());
      assertEquals(3, probe.buffers().size());
      assertFalse(probe.end().isDone(), "no signal follows a cancellation");
    }
  }

  @Test
  @Contract("C9")
  void aRequestOfNothingIsRefused() throws Exception {
    try (ChildProcess child = Run.cat().spawn()) {
      FlowProbe probe = new FlowProbe(0);
      child.stdout().publisher(pool).subscribe(probe);
      probe.subscription().request(0);
      assertInstanceOf(IllegalArgumentException.class, Await.thrown(probe.end()));
    }
  }

  @Test
  @Contract("C9")
  @SuppressWarnings("try") // The test closes a resource before the block ends.
  void aPipeHasOneUser() throws Exception {
    try (ChildProcess child = Run.cat().spawn()) {
      FlowProbe first = new FlowProbe(Long.MAX_VALUE);
      child.stdout().publisher(pool).subscribe(first);
      FlowProbe second = new FlowProbe(Long.MAX_VALUE);
      child.stdout().publisher(pool).subscribe(second);
      assertInstanceOf(IllegalStateException.class, Await.thrown(second.end()));
      assertThrows(IllegalStateException.class, () -> child.stdout().read());
      assertThrows(IllegalStateException.class, () -> child.stdout().available());
      try (SubmissionPublisher<ByteBuffer> source = new SubmissionPublisher<>(pool, 4)) {
        PipeSubscriber writer = child.stdin().subscriber(pool);
        source.subscribe(writer);
        source.submit(ByteBuffer.wrap(new byte[] {'a'}));
        first.awaitBuffers(1);
        assertThrows(IllegalStateException.class, () -> child.stdin().write('b'));
        PipeSubscriber another = child.stdin().subscriber(pool);
        source.subscribe(another);
        assertInstanceOf(IllegalStateException.class, Await.thrown(another.completion()));
        source.close();
        assertEquals(1, Await.get(writer.completion()));
      }
      Await.get(first.end());
    }
  }

  @Test
  @Contract("C9")
  void aPipeThatAThreadReadsIsRefused() throws Exception {
    try (ChildProcess child = Run.cat().spawn()) {
      Await.Running<String> reader = Await.start(() -> Text.line(child.stdout()));
      ConcurrentCallers.awaitBlocked(reader.thread());
      FlowProbe probe = new FlowProbe(Long.MAX_VALUE);
      child.stdout().publisher(pool).subscribe(probe);
      assertInstanceOf(IllegalStateException.class, Await.thrown(probe.end()));
      Text.send(child.stdin(), "for the thread");
      assertEquals("for the thread", Await.get(reader.result()));
    }
  }

  @Test
  @Contract("C9")
  void whatWasReadBeforeIsPublishedFirst() throws Exception {
    try (ChildProcess child = Run.sh("printf abc").spawn()) {
      assertEquals('a', child.stdout().read());
      FlowProbe probe = new FlowProbe(Long.MAX_VALUE);
      child.stdout().publisher(pool).subscribe(probe);
      Await.get(probe.end());
      assertEquals("bc", probe.text());
    }
  }

  @Test
  @Contract("C9")
  void aSubscriberThatThrowsHurtsItsStreamOnly() throws Exception {
    try (ChildProcess child = Run.sh("read -r line; while echo more; do :; done; echo end >&2")
        .stderr(Stdio.pipe())
        .spawn()) {
      RuntimeException failure = new IllegalArgumentException("the handler fails");
      PipeSubscriber failing = OutputSubscribers.ofBytes(bytes -> {
        throw failure;
      });
      List<String> errors = new CopyOnWriteArrayList<>();
      PipeSubscriber other = OutputSubscribers.ofLines(errors::add);
      child.stdout().publisher(single).subscribe(failing);
      child.stderr().publisher(single).subscribe(other);
      Text.send(child.stdin(), "go");
      assertEquals(failure, Await.thrown(failing.completion()));
      Await.get(other.completion());
      assertEquals(Run.signaled(Signal.PIPE), Run.end(child));
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"POOL", "CALLER"})
  @Contract("C5")
  void aSubscriberThatBlocksHurtsItsStreamOnly(Kind kind) throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    try (ChildProcess slow = Run.cat().spawn();
        ChildProcess quick = Run.cat().spawn()) {
      CountDownLatch blocked = new CountDownLatch(1);
      PipeSubscriber first = OutputSubscribers.ofBytes(bytes -> {
        blocked.countDown();
        Await.until("the test releases it", () -> release.getCount() == 0);
      });
      FlowProbe second = new FlowProbe(Long.MAX_VALUE);
      slow.stdout().publisher(executor(kind)).subscribe(first);
      quick.stdout().publisher(executor(kind)).subscribe(second);
      Text.send(slow.stdin(), "block");
      Await.zero(blocked);
      Text.send(quick.stdin(), "go on");
      second.awaitBuffers(1);
      quick.stdin().close();
      Await.get(second.end());
      assertEquals(new Exited(0), Await.get(quick.onExit()));
      release.countDown();
      slow.stdin().close();
      Await.get(first.completion());
    } finally {
      release.countDown();
    }
  }

  @Test
  @Contract("C9")
  void anExecutorThatRefusesEndsTheStream() throws Exception {
    try (ChildProcess child = Run.cat().spawn()) {
      FlowProbe probe = new FlowProbe(Long.MAX_VALUE);
      child.stdout().publisher(single).subscribe(probe);
      Text.send(child.stdin(), "line");
      probe.awaitBuffers(1);
      single.shutdown();
      // A task that still runs would read the second line, and pass nothing to the executor.
      Await.until("the executor is idle", single::isTerminated);
      Text.send(child.stdin(), "line");
      assertInstanceOf(RejectedExecutionException.class, Await.thrown(probe.end()));
      assertFalse(child.stdout().isOpen());
      assertEquals(1, probe.buffers().size());

      FlowProbe late = new FlowProbe(Long.MAX_VALUE);
      child.stdout().publisher(single).subscribe(late);
      assertInstanceOf(RejectedExecutionException.class, Await.thrown(late.end()));
    }
    try (ChildProcess child = Run.cat().spawn()) {
      PipeSubscriber writer = child.stdin().subscriber(single);
      try (SubmissionPublisher<ByteBuffer> source = new SubmissionPublisher<>(pool, 4)) {
        source.subscribe(writer);
        assertInstanceOf(RejectedExecutionException.class, Await.thrown(writer.completion()));
        Await.until("the subscription is cancelled", () -> !source.hasSubscribers());
      }
      assertEquals(new Exited(0), Run.end(child), "its input was closed");
    }
  }

  @ParameterizedTest
  @EnumSource
  @Contract({"C6", "C9"})
  @SuppressWarnings("try") // The test closes a resource before the block ends.
  void aHandlerMayCloseItsChild(Kind kind) throws Exception {
    try (ChildProcess child = Run.sh("echo out; exec sleep 1000").spawn()) {
      PipeSubscriber closing = OutputSubscribers.ofBytes(bytes -> child.close());
      child.stdout().publisher(executor(kind)).subscribe(closing);
      assertInstanceOf(AsynchronousCloseException.class, Await.thrown(closing.completion()));
      assertEquals(Run.signaled(Signal.KILL), child.waitFor());
    }
  }

  @Test
  @Contract({"C6", "C9"})
  @SuppressWarnings("try") // The test closes a resource before the block ends.
  void closeOfTheChildEndsItsStreams() throws Exception {
    FlowProbe waiting = new FlowProbe(Long.MAX_VALUE);
    FlowProbe idle = new FlowProbe(0);
    PipeSubscriber writer;
    try (ChildProcess child = Run.sh("exec sleep 1000").stderr(Stdio.pipe()).spawn();
        SubmissionPublisher<ByteBuffer> source = new SubmissionPublisher<>(pool, 4)) {
      child.stdout().publisher(pool).subscribe(waiting);
      child.stderr().publisher(pool).subscribe(idle);
      idle.subscription();
      writer = child.stdin().subscriber(pool);
      source.subscribe(writer);
      source.submit(ByteBuffer.allocate(MUCH));
      child.stdout().close();
      assertInstanceOf(AsynchronousCloseException.class, Await.thrown(waiting.end()));
      child.close();
      assertInstanceOf(AsynchronousCloseException.class, Await.thrown(idle.end()));
      // The close also kills the child, whose end may be noticed first.
      assertInstanceOf(IOException.class, Await.thrown(writer.completion()));
      Await.until("the subscription is cancelled", () -> !source.hasSubscribers());
    }
  }

  @Test
  @Contract("C9")
  void aChildThatStopsReadingCancelsThePublisher() throws Exception {
    try (ChildProcess child = Run.sh("read -r line; exec <&-; exec sleep 1000").spawn();
        SubmissionPublisher<ByteBuffer> source = new SubmissionPublisher<>(pool, 4)) {
      PipeSubscriber writer = child.stdin().subscriber(pool);
      source.subscribe(writer);
      byte[] lines = new byte[MUCH];
      Arrays.fill(lines, (byte) '\n');
      source.submit(ByteBuffer.wrap(lines));
      IOException thrown = assertInstanceOf(IOException.class, Await.thrown(writer.completion()));
      assertTrue(String.valueOf(thrown.getMessage()).contains("EPIPE"), thrown.toString());
      Await.until("the subscription is cancelled", () -> !source.hasSubscribers());
      assertFalse(child.stdin().isOpen());
    }
  }

  @Test
  @Contract("C9")
  void aPublisherThatFailsEndsTheInput() throws Exception {
    try (ChildProcess child = Run.cat().spawn();
        SubmissionPublisher<ByteBuffer> source = new SubmissionPublisher<>(pool, 4)) {
      PipeSubscriber writer = child.stdin().subscriber(pool);
      source.subscribe(writer);
      RuntimeException failure = new IllegalStateException("the source fails");
      source.submit(ByteBuffer.wrap("part".getBytes(StandardCharsets.US_ASCII)));
      source.closeExceptionally(failure);
      assertEquals(failure, Await.thrown(writer.completion()));
      assertEquals(new Exited(0), Run.end(child));
    }
  }

  @Test
  @Contract("C9")
  void aLineWithoutEndIsSplitOrRefused() throws Exception {
    String script = "i=0; while [ $i -lt 2000 ]; do printf 0123456789; i=$((i + 1)); done; echo";
    List<String> lines = new ArrayList<>();
    try (ChildProcess child = Run.sh(script).spawn()) {
      PipeSubscriber splitting =
          OutputSubscribers.ofLines(StandardCharsets.US_ASCII, 10, LongLine.SPLIT, lines::add);
      child.stdout().publisher(single).subscribe(splitting);
      Await.get(splitting.completion());
    }
    assertEquals(Stream.generate(() -> "0123456789").limit(2000).toList(), lines);
    try (ChildProcess child = Run.sh(script).spawn()) {
      PipeSubscriber failing =
          OutputSubscribers.ofLines(StandardCharsets.US_ASCII, 10, LongLine.FAIL, lines::add);
      child.stdout().publisher(single).subscribe(failing);
      assertInstanceOf(IOException.class, Await.thrown(failing.completion()));
      assertFalse(child.stdout().isOpen());
    }
  }

  @Test
  @Contract("C5")
  void manyStreamsNeedFewThreads() throws Exception {
    List<ChildProcess> children = new ArrayList<>();
    List<FlowProbe> probes = new ArrayList<>();
    try {
      for (int i = 0; i < 30; i++) {
        ChildProcess child = Run.cat().stderr(Stdio.pipe()).spawn();
        children.add(child);
        for (var pipe : List.of(child.stdout(), child.stderr())) {
          FlowProbe probe = new FlowProbe(Long.MAX_VALUE);
          pipe.publisher(single).subscribe(probe);
          probes.add(probe);
        }
      }
      for (ChildProcess child : children) {
        Text.send(child.stdin(), "line");
      }
      for (int i = 0; i < children.size(); i++) {
        probes.get(2 * i).awaitBuffers(1);
      }
      int threads = LibraryThreads.names().size();
      assertTrue(threads < 15, () -> threads + " threads for 60 streams");
      for (ChildProcess child : children) {
        child.stdin().close();
      }
      for (FlowProbe probe : probes) {
        Await.get(probe.end());
      }
    } finally {
      children.forEach(ChildProcess::close);
    }
  }
}
