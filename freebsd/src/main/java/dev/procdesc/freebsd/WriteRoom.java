package dev.procdesc.freebsd;

import dev.procdesc.posix.LibC;
import dev.procdesc.posix.NativeMemory;
import dev.procdesc.posix.PosixNumbers;
import dev.procdesc.posix.RecordRoom;

/**
 * Room at the other end of a socket, told by EVFILT_WRITE with NOTE_LOWAT. Neither poll nor a plain
 * EVFILT_WRITE would do: they tell of a single byte, and whoever waits for more would spin.
 *
 * <p>A receiver whose buffer is smaller than the record never has room. The library widens its own,
 * and the default of 64 KiB is enough.
 */
final class WriteRoom implements RecordRoom {
  @Override
  public int queue() {
    int outcome = Calls.kqueue();
    if (outcome >= 0) {
      LibC.fcntl(outcome, PosixNumbers.F_SETFD, PosixNumbers.FD_CLOEXEC);
    }
    return outcome;
  }

  @Override
  public int has(int queue, int socket, int bytes, int descriptors) {
    int events = Numbers.KEVENT_SIZE;
    int timeout = 2 * Numbers.KEVENT_SIZE;
    try (NativeMemory memory = NativeMemory.borrow()) {
      KqueueQueue.Kevent.put(
          memory.bytes(),
          socket,
          Numbers.EVFILT_WRITE,
          Numbers.EV_ADD,
          Numbers.NOTE_LOWAT,
          bytes + control(descriptors),
          0);
      memory.bytes().putLong(timeout, 0).putLong(timeout + Long.BYTES, 0);
      int count = Calls.kevent(
          queue, memory.address(), 1, memory.address() + events, 1, memory.address() + timeout);
      int flags = memory.bytes().getShort(events + Numbers.KEVENT_FLAGS);
      return count == 1 && (flags & Numbers.EV_ERROR) != 0
          ? -(int) memory.bytes().getLong(events + Numbers.KEVENT_DATA)
          : count;
    }
  }

  /** What descriptors take in a queue: a header, and a pointer for each. */
  private static int control(int descriptors) {
    return descriptors == 0 ? 0 : Numbers.CMSG_HEADER + descriptors * Long.BYTES;
  }
}
