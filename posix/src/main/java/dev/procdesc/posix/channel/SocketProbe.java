package dev.procdesc.posix.channel;

import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeMemory;
import java.util.List;

/** Finds out, by sending to oneself, what keeps the records of a SOCK_SEQPACKET socket apart. */
public final class SocketProbe {
  private SocketProbe() {}

  /** Whether each send is a record. */
  public static boolean eachSendIsRecord(SocketNumbers numbers) {
    return firstOfTwo(numbers, 0, false);
  }

  /** Whether a record ends where a send says MSG_EOR, and is told by the same flag. */
  public static boolean endFlagEndsRecord(SocketNumbers numbers) {
    return numbers.msgEor().isPresent() && firstOfTwo(numbers, numbers.msgEor().getAsInt(), true);
  }

  /** Whether of two bytes that are sent one by one, a receive gets the first alone. */
  private static boolean firstOfTwo(SocketNumbers numbers, int sent, boolean told) {
    try (SocketMessage message = new SocketMessage(numbers)) {
      int one;
      int other;
      try (NativeMemory memory = NativeMemory.borrow()) {
        int type = SocketNumbers.SOCK_SEQPACKET | numbers.sockCloexec();
        if (Sockets.socketpair(SocketNumbers.AF_UNIX, type, memory.address()) < 0) {
          return false;
        }
        one = memory.bytes().getInt(0);
        other = memory.bytes().getInt(Integer.BYTES);
      }
      try {
        for (int i = 0; i < 2; i++) {
          message.fill(new byte[1], List.of());
          int flags = numbers.msgDontwait() | numbers.msgNosignal() | sent;
          if (Sockets.sendmsg(one, message.header(), flags) != 1) {
            return false;
          }
        }
        message.clear();
        return Sockets.recvmsg(other, message.header(), numbers.msgDontwait()) == 1
            && (!told || (message.flags() & sent) != 0);
      } finally {
        LibC.close(one);
        LibC.close(other);
      }
    }
  }
}
