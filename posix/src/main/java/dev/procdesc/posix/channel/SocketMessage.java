package dev.procdesc.posix.channel;

import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.ffi.SocketNumbers;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * A {@code struct msghdr} with space for its data and control messages, in a native memory block:
 *
 * <pre>
 *     0      the data: {@link #DATA_ROOM} bytes
 *     IOV    struct iovec
 *     HEADER struct msghdr
 *     CONTROL the control messages: {@link #CONTROL_ROOM} bytes
 * </pre>
 */
final class SocketMessage implements AutoCloseable {
  /** The size of the data; greater than the longest payload, so that a longer one is detected. */
  static final int DATA_ROOM = 40 * 1024;

  /** The size for 253 descriptors, plus a pidfd and credentials that the kernel may add. */
  private static final int CONTROL_ROOM = 2048;

  private static final int IOV = DATA_ROOM;
  private static final int HEADER = IOV + 64;
  private static final int CONTROL = HEADER + 64;
  private static final int ALIGNMENT = 8;
  private static final int AT_IOV = 16;
  private static final int AT_IOVLEN = 24;
  private static final int AT_CONTROL = 32;
  private static final int AT_CONTROLLEN = 40;

  private final NativeMemory memory = NativeMemory.borrow();
  private final SocketNumbers numbers;

  SocketMessage(SocketNumbers numbers) {
    this.numbers = numbers;
  }

  /** Returns the address of the {@code struct msghdr}. */
  long header() {
    return memory.address() + HEADER;
  }

  private ByteBuffer bytes() {
    return memory.bytes();
  }

  private void putLength(int at, long length) {
    if (numbers.longLengths()) {
      bytes().putLong(at, length);
    } else {
      bytes().putInt(at, (int) length);
    }
  }

  private int length(int at) {
    return numbers.longLengths() ? (int) bytes().getLong(at) : bytes().getInt(at);
  }

  private void frame(int data, int control) {
    for (int i = 0; i < CONTROL - HEADER; i += Long.BYTES) {
      bytes().putLong(HEADER + i, 0);
    }
    bytes().putLong(IOV, memory.address()).putLong(IOV + Long.BYTES, data);
    bytes().putLong(HEADER + AT_IOV, memory.address() + IOV);
    putLength(HEADER + AT_IOVLEN, 1);
    if (control > 0) {
      bytes().putLong(HEADER + AT_CONTROL, memory.address() + CONTROL);
      putLength(HEADER + AT_CONTROLLEN, control);
    }
  }

  /** Prepares the message to be sent. */
  void fill(byte[] payload, List<Integer> descriptors) {
    int length = SocketNumbers.CMSG_DATA + descriptors.size() * Integer.BYTES;
    frame(payload.length, descriptors.isEmpty() ? 0 : align(length));
    ByteBuffer data = bytes().slice(0, payload.length);
    data.put(payload);
    if (descriptors.isEmpty()) {
      return;
    }
    bytes().putLong(CONTROL, 0);
    putLength(CONTROL, length);
    int level = CONTROL + numbers.cmsgLevel();
    bytes().putInt(level, numbers.solSocket()).putInt(level + Integer.BYTES, numbers.scmRights());
    int at = CONTROL + SocketNumbers.CMSG_DATA;
    for (int fd : descriptors) {
      bytes().putInt(at, fd);
      at += Integer.BYTES;
    }
  }

  /** Prepares the rest of a message to be sent, without the bytes already sent and descriptors. */
  void skip(int sent) {
    bytes().putLong(IOV, bytes().getLong(IOV) + sent);
    bytes().putLong(IOV + Long.BYTES, bytes().getLong(IOV + Long.BYTES) - sent);
    bytes().putLong(HEADER + AT_CONTROL, 0);
    putLength(HEADER + AT_CONTROLLEN, 0);
  }

  private static int align(int length) {
    return (length + ALIGNMENT - 1) & -ALIGNMENT;
  }

  /**
   * Prepares the message to be received into.
   *
   * @param room the number of bytes to receive at most, up to {@link #DATA_ROOM}
   */
  void clear(int room) {
    frame(room, CONTROL_ROOM);
  }

  /** Returns the received data. */
  byte[] payload(int count) {
    byte[] payload = new byte[count];
    ByteBuffer data = bytes().slice(0, count);
    data.get(payload);
    return payload;
  }

  /** Returns the flags of the received message. */
  int flags() {
    return bytes().getInt(HEADER + numbers.msghdrFlags());
  }

  /** Returns whether control messages were received. */
  boolean hasControl() {
    return length(HEADER + AT_CONTROLLEN) > 0;
  }

  /**
   * Returns the descriptors that the sender sent. This closes descriptors that the kernel added,
   * which it does if other code has set such an option (SO_PASSPIDFD) on the socket.
   */
  List<Integer> descriptors() {
    List<Integer> descriptors = new ArrayList<>();
    int end = CONTROL + Math.min(length(HEADER + AT_CONTROLLEN), CONTROL_ROOM);
    int at = CONTROL;
    while (end - at >= SocketNumbers.CMSG_DATA) {
      int length = Math.min(length(at), end - at);
      if (length < SocketNumbers.CMSG_DATA) {
        break;
      }
      int level = bytes().getInt(at + numbers.cmsgLevel());
      int type = bytes().getInt(at + numbers.cmsgLevel() + Integer.BYTES);
      for (int i = at + SocketNumbers.CMSG_DATA;
          level == numbers.solSocket() && i + Integer.BYTES <= at + length;
          i += Integer.BYTES) {
        int fd = bytes().getInt(i);
        if (type == numbers.scmRights()) {
          descriptors.add(fd);
        } else if (numbers.scmPidfd().isPresent()
            && type == numbers.scmPidfd().getAsInt()
            && fd >= 0) {
          LibC.close(fd);
        }
      }
      at += align(length);
    }
    return descriptors;
  }

  @Override
  public void close() {
    memory.close();
  }
}
