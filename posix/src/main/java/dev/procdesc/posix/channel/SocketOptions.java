package dev.procdesc.posix.channel;

import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.ffi.SocketNumbers;
import dev.procdesc.posix.ffi.SystemNumbers;

/** Queries options of sockets whose value is an int that is not negative. */
final class SocketOptions {
  private SocketOptions() {}

  /** Returns the value of an option at the level SOL_SOCKET, or {@code -errno}. */
  static int query(int fd, int option) {
    SocketNumbers numbers = SystemNumbers.sockets();
    int sizeAt = Long.BYTES;
    try (NativeMemory memory = NativeMemory.borrow()) {
      memory.bytes().putInt(0, 0).putInt(sizeAt, Integer.BYTES);
      int outcome = Sockets.getsockopt(
          fd, numbers.solSocket(), option, memory.address(), memory.address() + sizeAt);
      return outcome < 0 ? outcome : memory.bytes().getInt(0);
    }
  }
}
