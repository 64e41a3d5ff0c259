package dev.procdesc.freebsd;

import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.freebsd.kernel.Numbers;
import dev.procdesc.freebsd.kernel.Syscalls;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeMemory;
import java.nio.ByteBuffer;
import java.util.OptionalInt;

/**
 * Queries whether a process has ended, by a kqueue in which nothing stays registered: each query is
 * sent and answered in one call. It is opened and closed with the watcher's queue; a query after
 * that opens it again.
 */
final class ExitQuery {
  /** Guarded by this. */
  private OptionalInt kqueue = OptionalInt.empty();

  /**
   * Queries whether the process has ended.
   *
   * @return 1 if it has ended, with the event stored behind the query; 0 if it has not; or
   *     {@code -errno}
   */
  int ask(int fd, NativeMemory memory) {
    ByteBuffer bytes = memory.bytes();
    // The event of another query must not be mistaken for the event of this one.
    synchronized (this) {
      int opened = tryOpen();
      if (opened < 0) {
        return opened;
      }
      int questions = kqueue.getAsInt();
      KqueueQueue.Kevent.put(
          bytes,
          fd,
          Numbers.EVFILT_PROCDESC,
          Numbers.EV_ADD | Numbers.EV_ONESHOT,
          Numbers.NOTE_EXIT,
          0);
      int at = Numbers.KEVENT_SIZE;
      int timeout = 2 * Numbers.KEVENT_SIZE;
      bytes.putLong(timeout, 0).putLong(timeout + Long.BYTES, 0);
      int outcome = Syscalls.kevent(
          questions, memory.address(), 1, memory.address() + at, 1, memory.address() + timeout);
      if (outcome > 0 && (bytes.getShort(at + Numbers.KEVENT_FLAGS) & Numbers.EV_ERROR) != 0) {
        return (int) -bytes.getLong(at + Numbers.KEVENT_DATA);
      }
      if (outcome == 0) {
        KqueueQueue.Kevent.put(bytes, fd, Numbers.EVFILT_PROCDESC, Numbers.EV_DELETE, 0, 0);
        Syscalls.kevent(questions, memory.address(), 1, 0, 0, 0);
      }
      return outcome;
    }
  }

  /** Opens the kqueue if it is not open. */
  synchronized void open() throws ProcessDescriptorException {
    int outcome = tryOpen();
    if (outcome < 0) {
      throw Errors.failed("kqueue", "a query", outcome);
    }
  }

  /** Called with the lock held; returns 0 or {@code -errno}. */
  private int tryOpen() {
    if (kqueue.isEmpty()) {
      int outcome = KqueueQueue.Kevent.open();
      if (outcome < 0) {
        return outcome;
      }
      kqueue = OptionalInt.of(outcome);
    }
    return 0;
  }

  /** Closes the kqueue; the next query opens another one. */
  synchronized void close() {
    kqueue.ifPresent(LibC::close);
    kqueue = OptionalInt.empty();
  }
}
