package dev.procdesc.freebsd;

import dev.procdesc.freebsd.kernel.Numbers;
import dev.procdesc.freebsd.kernel.Syscalls;
import dev.procdesc.posix.channel.SendRoom;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.ffi.PosixNumbers;

/**
 * Room at the other end of a socket, told by EVFILT_WRITE with NOTE_LOWAT. Neither poll nor a plain
 * EVFILT_WRITE would do: they tell of a single byte, and whoever waits for more would spin.
 *
 * <p>A receiver whose buffer is smaller than the record never has room. The library widens its own,
 * and the default of 64 KiB is enough.
 */
final class KqueueSendRoom implements SendRoom {
  @Override
  public int queue() {
    int outcome = Syscalls.kqueue();
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
      int count = Syscalls.kevent(
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
