package dev.procdesc.freebsd;

import dev.procdesc.freebsd.kernel.Numbers;
import dev.procdesc.freebsd.kernel.Syscalls;
import dev.procdesc.posix.channel.SendRoom;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.ffi.PosixNumbers;

/**
 * Detects room at the other end of a socket, by EVFILT_WRITE with NOTE_LOWAT. poll and a plain
 * EVFILT_WRITE are unsuitable: they report room for a single byte, so a thread that waits for more
 * would spin.
 *
 * <p>A receiver whose buffer is smaller than the record never has room. The library enlarges the
 * buffers of its sockets, and the default of 64 KiB is sufficient.
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

  /** Returns the size of descriptors in a queue: a header, and a pointer for each. */
  private static int control(int descriptors) {
    return descriptors == 0 ? 0 : Numbers.CMSG_HEADER + descriptors * Long.BYTES;
  }
}
