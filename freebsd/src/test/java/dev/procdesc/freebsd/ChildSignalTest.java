package dev.procdesc.freebsd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.procdesc.freebsd.kernel.Numbers;
import dev.procdesc.posix.io.EventQueue;
import dev.procdesc.posix.io.Watcher;
import dev.procdesc.testing.Await;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongConsumer;
import org.junit.jupiter.api.Test;

/** Tests the queries at SIGCHLD with an event queue in which the test sends the signal. */
final class ChildSignalTest {
  private final SignalQueue queue = new SignalQueue();
  private final ChildSignal childSignal = new ChildSignal(new Watcher(queue));

  /** A kernel that permits a registration and refuses to renew it, as for lack of memory. */
  private static final class SignalQueue implements EventQueue {
    private static final long WAKE = 0;

    /** The token by signal number. */
    private final Map<Integer, Long> registrations = new ConcurrentHashMap<>();

    private final BlockingQueue<Long> events = new LinkedBlockingQueue<>();

    void send() {
      events.add(registrations.get(Numbers.SIGCHLD));
    }

    /** Does nothing: the queue exists without the kernel. */
    @Override
    public void open() {}

    @Override
    public void close() {}

    @Override
    public void add(int number, Interest interest, long token) {
      assertEquals(Interest.SIGNAL, interest);
      registrations.put(number, token);
    }

    @Override
    public void again(int number, Interest interest, long token) throws IOException {
      throw new IOException("ENOMEM");
    }

    @Override
    public void remove(int number, Interest interest) {
      registrations.remove(number);
    }

    @Override
    public void await(int timeoutMillis, LongConsumer tokens) {
      try {
        Long token = timeoutMillis < 0
            ? Long.valueOf(events.take())
            : events.poll(timeoutMillis, TimeUnit.MILLISECONDS);
        if (token != null && token != WAKE) {
          tokens.accept(token);
        }
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }

    @Override
    public void wake() {
      events.add(WAKE);
    }
  }

  @Test
  void everySignalIsReported() throws Exception {
    AtomicInteger queries = new AtomicInteger();
    Runnable end = childSignal.watch(queries::incrementAndGet);
    assertEquals(1, queries.get());
    for (int expected = 2; expected < 5; expected++) {
      queue.send();
      int count = expected;
      Await.until("the signal is reported", () -> queries.get() == count);
    }
    end.run();
    assertEquals(Map.of(), queue.registrations);
  }

  @Test
  void aQueryThatFailsStopsNoOther() throws Exception {
    List<AtomicInteger> counts = new ArrayList<>();
    // The queries are made in no certain order, so there are several of both kinds.
    for (int i = 0; i < 16; i++) {
      AtomicInteger count = new AtomicInteger();
      boolean fails = i % 2 == 0;
      counts.add(count);
      Runnable unused = childSignal.watch(() -> {
        if (count.incrementAndGet() > 1 && fails) {
          throw new IllegalStateException("on purpose");
        }
      });
    }
    queue.send();
    Await.until("all queries are made", () -> counts.stream().allMatch(count -> count.get() == 2));
  }

  @Test
  void aQueryThatFailsAtOnceIsNotRegistered() {
    assertThrows(
        IllegalStateException.class,
        () -> childSignal.watch(() -> {
          throw new IllegalStateException("on purpose");
        }));
    assertEquals(Map.of(), queue.registrations);
  }
}
