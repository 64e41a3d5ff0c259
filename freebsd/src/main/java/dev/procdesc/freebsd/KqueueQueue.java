package dev.procdesc.freebsd;

import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.freebsd.kernel.Numbers;
import dev.procdesc.freebsd.kernel.Syscalls;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.io.EventQueue;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.function.LongConsumer;

/**
 * Watches descriptors and signals by kqueue. The registration of a descriptor reports once, and
 * that of a signal once for each time that it is sent, so that none can spin.
 */
final class KqueueQueue implements EventQueue {
  private static final int MAX_EVENTS = 512;
  private static final long WAKE_TOKEN = 0;

  private final ExitQuery query;
  private volatile int kqueue;

  /** Creates a queue that is opened and closed along with the one for queries. */
  KqueueQueue(ExitQuery query) {
    this.query = query;
  }

  @Override
  public void open() throws ProcessDescriptorException {
    kqueue = Kevent.queue();
    try {
      // Not one-shot: EV_CLEAR lets it be triggered again once it was retrieved.
      change(
          0, Numbers.EVFILT_USER, Numbers.EV_ADD | Numbers.EV_CLEAR, 0, WAKE_TOKEN, "the watcher");
      query.open();
    } catch (ProcessDescriptorException e) {
      close();
      throw e;
    }
  }

  @Override
  public void close() {
    query.close();
    LibC.close(kqueue);
  }

  private static int filter(Interest interest) {
    return switch (interest) {
      // The exit status is available at the exit, also while a tracer holds the zombie.
      case EXIT -> Numbers.EVFILT_PROCDESC;
      case READABLE -> Numbers.EVFILT_READ;
      case WRITABLE -> Numbers.EVFILT_WRITE;
      case SIGNAL -> Numbers.EVFILT_SIGNAL;
    };
  }

  @Override
  public void add(int fd, Interest interest, long token) throws IOException {
    int filter = filter(interest);
    int wanted = filter == Numbers.EVFILT_PROCDESC ? Numbers.NOTE_EXIT : 0;
    boolean lasts = interest == Interest.SIGNAL;
    int flags = Numbers.EV_ADD | (lasts ? Numbers.EV_CLEAR : Numbers.EV_ONESHOT);
    change(fd, filter, flags, wanted, token, (lasts ? "signal " : "descriptor ") + fd);
  }

  @Override
  public void again(int fd, Interest interest, long token) throws IOException {
    add(fd, interest, token);
  }

  private void change(int ident, int filter, int flags, int wanted, long token, String what)
      throws ProcessDescriptorException {
    try (NativeMemory memory = NativeMemory.borrow()) {
      Kevent.put(memory.bytes(), ident, filter, flags, wanted, token);
      int outcome = Syscalls.kevent(kqueue, memory.address(), 1, 0, 0, 0);
      if (outcome < 0) {
        throw Errors.failed("kevent", what, outcome);
      }
    }
  }

  @Override
  public void remove(int fd, Interest interest) {
    try (NativeMemory memory = NativeMemory.borrow()) {
      Kevent.put(memory.bytes(), fd, filter(interest), Numbers.EV_DELETE, 0, 0);
      // ENOENT: the event was already reported. No other error is possible for a descriptor that is
      // held open.
      Syscalls.kevent(kqueue, memory.address(), 1, 0, 0, 0);
    }
  }

  @Override
  public void await(int timeoutMillis, LongConsumer tokens) {
    try (NativeMemory memory = NativeMemory.borrow()) {
      await(timeoutMillis, memory, tokens);
    }
  }

  private void await(int timeoutMillis, NativeMemory events, LongConsumer tokens) {
    int limit = MAX_EVENTS * Numbers.KEVENT_SIZE; // The time limit is stored behind the events.
    events
        .bytes()
        .putLong(limit, timeoutMillis / 1000)
        .putLong(limit + Long.BYTES, timeoutMillis % 1000 * 1_000_000L);
    int count = Syscalls.kevent(
        kqueue,
        0,
        0,
        events.address(),
        MAX_EVENTS,
        timeoutMillis < 0 ? 0 : events.address() + limit);
    if (count < 0) {
      if (count == -PosixNumbers.EINTR) {
        return;
      }
      throw new IllegalStateException("kevent: " + Errors.describe(-count));
    }
    ByteBuffer bytes = events.bytes();
    for (int i = 0; i < count; i++) {
      long token = bytes.getLong(i * Numbers.KEVENT_SIZE + Numbers.KEVENT_UDATA);
      if (token != WAKE_TOKEN) {
        tokens.accept(token);
      }
    }
  }

  @Override
  public void wake() {
    try (NativeMemory memory = NativeMemory.borrow()) {
      Kevent.put(memory.bytes(), 0, Numbers.EVFILT_USER, 0, Numbers.NOTE_TRIGGER, WAKE_TOKEN);
      Syscalls.kevent(kqueue, memory.address(), 1, 0, 0, 0);
    }
  }

  /** Fills the event structure, and creates queues. */
  static final class Kevent {
    private Kevent() {}

    /** Creates a queue like {@link #open}. */
    static int queue() throws ProcessDescriptorException {
      int outcome = open();
      if (outcome < 0) {
        throw Errors.failed("kqueue", "the watcher", outcome);
      }
      return outcome;
    }

    /**
     * Creates a queue that no program inherits: kqueue(2) takes no flags, and fork does not copy
     * it.
     *
     * @return the descriptor or {@code -errno}
     */
    static int open() {
      int outcome = Syscalls.kqueue();
      if (outcome >= 0) {
        LibC.fcntl(outcome, PosixNumbers.F_SETFD, PosixNumbers.FD_CLOEXEC);
      }
      return outcome;
    }

    /** Fills {@code struct kevent} at the start of a buffer. */
    static void put(ByteBuffer bytes, int ident, int filter, int flags, int wanted, long token) {
      put(bytes, ident, filter, flags, wanted, 0, token);
    }

    /** Fills {@code struct kevent} with data for the filter. */
    static void put(
        ByteBuffer bytes, int ident, int filter, int flags, int wanted, long data, long token) {
      bytes
          .putLong(Numbers.KEVENT_IDENT, ident)
          .putShort(Numbers.KEVENT_FILTER, (short) filter)
          .putShort(Numbers.KEVENT_FLAGS, (short) flags)
          .putInt(Numbers.KEVENT_FFLAGS, wanted)
          .putLong(Numbers.KEVENT_DATA, data)
          .putLong(Numbers.KEVENT_UDATA, token);
      for (int at = Numbers.KEVENT_EXT; at < Numbers.KEVENT_SIZE; at += Long.BYTES) {
        bytes.putLong(at, 0);
      }
    }
  }
}
