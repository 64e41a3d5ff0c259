package dev.procdesc.posix.io;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.posix.ffi.Descriptors;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.ffi.PosixNumbers;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongConsumer;

/** Implements an event queue with poll(2), which every system has, for tests. */
public final class PollQueue implements EventQueue {
  private static final int MAX = 1_000;

  private record Entry(int fd, int events, boolean armed) {}

  private final TestSystem.Pipe wakeup = TestSystem.pipe();
  private final Map<Long, Entry> entries = new LinkedHashMap<>();

  /** The number of waits that have begun. */
  final AtomicInteger rounds = new AtomicInteger();

  /** Does nothing: a poll needs no queue in the kernel. */
  @Override
  public void open() {}

  @Override
  public void close() {}

  @Override
  public void add(int fd, Interest interest, long token) throws IOException {
    int events = interest == Interest.WRITABLE ? PosixNumbers.POLLOUT : PosixNumbers.POLLIN;
    synchronized (entries) {
      if (!TestSystem.isOpen(fd)) {
        throw Errors.failed("watch", fd, -PosixNumbers.EBADF);
      }
      entries.put(token, new Entry(fd, events, true));
    }
    wake();
  }

  @Override
  public void again(int fd, Interest interest, long token) throws IOException {
    add(fd, interest, token);
  }

  @Override
  public void remove(int fd, Interest interest) {
    synchronized (entries) {
      entries.values().removeIf(entry -> entry.fd == fd);
    }
  }

  @Override
  public void await(int timeoutMillis, LongConsumer tokens) {
    rounds.incrementAndGet();
    List<Map.Entry<Long, Entry>> polled = new ArrayList<>();
    List<Long> ready = new ArrayList<>();
    try (NativeMemory memory = NativeMemory.borrow()) {
      synchronized (entries) {
        for (Map.Entry<Long, Entry> entry : entries.entrySet()) {
          if (entry.getValue().armed) {
            polled.add(Map.entry(entry.getKey(), entry.getValue()));
          }
        }
      }
      assertTrue(polled.size() < MAX, "too many for this queue");
      put(memory, 0, wakeup.readEnd(), PosixNumbers.POLLIN);
      for (int i = 0; i < polled.size(); i++) {
        Entry entry = polled.get(i).getValue();
        put(memory, i + 1, entry.fd, entry.events);
      }
      LibC.poll(memory.address(), polled.size() + 1, timeoutMillis);
      if (hasFired(memory, 0)) {
        TestSystem.readByte(wakeup.readEnd());
      }
      synchronized (entries) {
        for (int i = 0; i < polled.size(); i++) {
          Map.Entry<Long, Entry> entry = polled.get(i);
          if (hasFired(memory, i + 1) && entry.getValue().equals(entries.get(entry.getKey()))) {
            Entry fired = entry.getValue();
            entries.put(entry.getKey(), new Entry(fired.fd, fired.events, false));
            ready.add(entry.getKey());
          }
        }
      }
    }
    ready.forEach(tokens::accept);
  }

  private static void put(NativeMemory memory, int index, int fd, int events) {
    int at = index * Descriptors.POLLFD_SIZE;
    memory.bytes().putInt(at, fd).putShort(at + Descriptors.POLLFD_EVENTS, (short) events);
  }

  private static boolean hasFired(NativeMemory memory, int index) {
    int at = index * Descriptors.POLLFD_SIZE;
    return memory.bytes().getShort(at + Descriptors.POLLFD_REVENTS) != 0;
  }

  @Override
  public void wake() {
    TestSystem.writeByte(wakeup.writeEnd(), 0);
  }
}
