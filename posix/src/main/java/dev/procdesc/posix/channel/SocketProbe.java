package dev.procdesc.posix.channel;

import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.ffi.SocketNumbers;
import dev.procdesc.posix.ffi.SystemNumbers;
import java.util.List;
import java.util.OptionalInt;

/** Probes the separation of records on a SOCK_SEQPACKET socket, by sending over a socket pair. */
public final class SocketProbe {
  private SocketProbe() {}

  /** Returns whether each send is a record. */
  public static boolean eachSendIsRecord() {
    return firstOfTwo(0, false);
  }

  /** Returns whether a send with MSG_EOR ends a record, and a receive reports it by that flag. */
  public static boolean endFlagEndsRecord() {
    OptionalInt end = SystemNumbers.sockets().msgEor();
    return end.isPresent() && firstOfTwo(end.getAsInt(), true);
  }

  /** Returns whether a receive returns only the first of two bytes that are sent separately. */
  private static boolean firstOfTwo(int sent, boolean told) {
    SocketNumbers numbers = SystemNumbers.sockets();
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
        message.clear(SocketMessage.DATA_ROOM);
        return Sockets.recvmsg(other, message.header(), numbers.msgDontwait()) == 1
            && (!told || (message.flags() & sent) != 0);
      } finally {
        LibC.close(one);
        LibC.close(other);
      }
    }
  }
}
