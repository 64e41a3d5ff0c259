package dev.procdesc.posix.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ClosedDescriptorException;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.testing.Await;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class InterruptiblePollTest {
  private static final long FOREVER = Long.MAX_VALUE;

  private final TestSystem.Pipe pipe = TestSystem.pipeFarUp();
  private final OwnedDescriptor owned = OwnedDescriptor.take(pipe.readEnd(), "a pipe");

  @AfterEach
  void closePipe() {
    owned.close();
    LibC.close(pipe.writeEnd());
  }

  private InterruptiblePoll.Result await(long nanos) throws IOException {
    return InterruptiblePoll.await(owned, PosixNumbers.POLLIN, nanos, () -> false);
  }

  @Test
  void readyIfItIsReadyAlready() throws IOException {
    TestSystem.writeByte(pipe.writeEnd(), 'x');
    assertEquals(InterruptiblePoll.Result.READY, await(FOREVER));
    assertEquals(InterruptiblePoll.Result.READY, await(0));
  }

  @Test
  void readyWhenItBecomesReady() throws Exception {
    var waiter = Await.start(() -> await(FOREVER));
    Await.inside(waiter.thread(), "poll");
    TestSystem.writeByte(pipe.writeEnd(), 'x');
    assertEquals(InterruptiblePoll.Result.READY, Await.get(waiter.result()));
  }

  @Test
  void readyWhenThePeerHangsUp() throws Exception {
    var waiter = Await.start(() -> await(FOREVER));
    Await.inside(waiter.thread(), "poll");
    LibC.close(pipe.writeEnd());
    assertEquals(InterruptiblePoll.Result.READY, Await.get(waiter.result()));
  }

  @Test
  void aTimeoutIsNeverEarly() throws IOException {
    for (long nanos : new long[] {0, 1, 999_999, 1_000_001, 5_500_000}) {
      long start = System.nanoTime();
      assertEquals(InterruptiblePoll.Result.TIMED_OUT, await(nanos));
      assertTrue(System.nanoTime() - start >= nanos, "ended early: " + nanos);
    }
    assertEquals(InterruptiblePoll.Result.TIMED_OUT, await(-1));
  }

  @Test
  void closeWakesAndIsPutOff() throws Exception {
    var waiter = Await.start(() -> await(FOREVER));
    Await.inside(waiter.thread(), "poll");
    owned.close();
    assertEquals(InterruptiblePoll.Result.WOKEN, Await.get(waiter.result()));
    TestSystem.assertClosed(pipe.readEnd());
  }

  @Test
  void wakesEverybodyWhoWaits() throws Exception {
    List<Await.Running<InterruptiblePoll.Result>> waiters = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      waiters.add(Await.start(() -> await(FOREVER)));
    }
    for (var waiter : waiters) {
      Await.inside(waiter.thread(), "poll");
    }
    owned.wakeWaiting();
    for (var waiter : waiters) {
      assertEquals(InterruptiblePoll.Result.WOKEN, Await.get(waiter.result()));
    }
    assertFalse(owned.isClosed());
  }

  @Test
  void anInterruptEndsTheWaitAndStaysSet() throws Exception {
    var waiter = Await.start(() -> {
      InterruptiblePoll.Result result = await(FOREVER);
      assertTrue(Thread.currentThread().isInterrupted());
      return result;
    });
    Await.inside(waiter.thread(), "poll");
    waiter.thread().interrupt();
    assertEquals(InterruptiblePoll.Result.INTERRUPTED, Await.get(waiter.result()));
    assertFalse(owned.isClosed(), "the descriptor is not the channel that an interrupt closes");
  }

  @Test
  void anInterruptFromBeforeEndsTheWaitToo() throws Exception {
    var waiter = Await.start(() -> {
      Thread.currentThread().interrupt();
      return await(FOREVER);
    });
    assertEquals(InterruptiblePoll.Result.INTERRUPTED, Await.get(waiter.result()));
  }

  @Test
  void aWakeUpIsNotLeftOverForTheNextWait() throws Exception {
    for (int i = 0; i < 50; i++) {
      var waiter = Await.start(() -> await(FOREVER));
      Await.inside(waiter.thread(), "poll");
      if (i % 2 == 0) {
        owned.wakeWaiting();
      } else {
        waiter.thread().interrupt();
      }
      Await.get(waiter.result());
      // The pipe of the previous wait is the first in the pool.
      assertEquals(InterruptiblePoll.Result.TIMED_OUT, await(0));
    }
  }

  /** A watcher of another test that becomes idle closes the pool's pipes; one is made again. */
  private static void assertNoMoreThan(int before) {
    int now = TestSystem.countOpen();
    assertTrue(now <= before + 2, () -> now + " descriptors are open, and were " + before);
  }

  @Test
  void waitingOnAClosedDescriptorLeaksNothing() throws IOException {
    await(0);
    owned.close();
    int before = TestSystem.countOpen();
    for (int i = 0; i < 50; i++) {
      assertThrows(ClosedDescriptorException.class, () -> await(FOREVER));
    }
    assertNoMoreThan(before);
  }

  @Test
  void manyWaitsInARowUseOnePipe() throws IOException {
    await(0);
    int before = TestSystem.countOpen();
    for (int i = 0; i < 200; i++) {
      await(0);
    }
    assertNoMoreThan(before);
  }

  @Test
  void aLongTimeoutIsCutToWhatTheKernelTakes() throws Exception {
    var waiter = Await.start(() -> await(TimeUnit.DAYS.toNanos(100_000)));
    Await.inside(waiter.thread(), "poll");
    TestSystem.writeByte(pipe.writeEnd(), 'x');
    assertEquals(InterruptiblePoll.Result.READY, Await.get(waiter.result()));
  }

  /** Tests that a wait whose cause is gone when it can be woken does not begin. */
  @Test
  void aWaitThatIsOverDoesNotBegin() throws IOException {
    assertEquals(
        InterruptiblePoll.Result.WOKEN,
        InterruptiblePoll.await(owned, PosixNumbers.POLLIN, FOREVER, () -> true));
  }

  /** Tests a thread that wakes late: one that interrupts the waiter, or the shutdown hook. */
  @Test
  void aLateWakeUpDoesNotReachAnotherFile() throws IOException {
    InterruptiblePoll ended = new InterruptiblePoll();
    ended.free();
    TestSystem.Pipe next = TestSystem.pipe(); // It gets the numbers that were closed.
    ended.wake();
    assertEquals(-TestSystem.NUMBERS.eagain() - 1, TestSystem.readByte(next.readEnd()));
    next.close();
  }
}
