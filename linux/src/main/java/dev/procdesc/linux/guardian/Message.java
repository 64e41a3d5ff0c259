package dev.procdesc.linux.guardian;

import dev.procdesc.linux.kernel.Numbers;
import dev.procdesc.posix.ffi.NativeArena;
import java.nio.ByteBuffer;

/**
 * A message to or from the guardian: {@code struct message} of
 * {@code linux/src/main/native/guardian.c}, where the types and flags are described.
 */
record Message(int type, int flags, long id) {
  static final int SIZE = 16;

  static final int REGISTER = 1;
  static final int RELEASE = 2;
  static final int SHARE = 3;
  static final int READY = 16;
  static final int LOST = 17;
  static final int UNSHARED = 19;

  static final int FLAG_LIFELINE = 1;
  static final int FLAG_GROUP = 2;
  static final int FLAG_CGROUP = 4;
  static final int FLAG_SENDER = 8;

  private static final int FLAGS_AT = 4;
  private static final int ID_AT = 8;

  /** The index of the first descriptor of a message, from the start of its header. */
  static final int DESCRIPTORS_AT = Numbers.MSGHDR_SIZE + Numbers.CMSG_DATA;

  /**
   * The size of a control message for three descriptors; a child's script stores one or two, each
   * as a whole word of which only the lower half counts.
   */
  static final int CONTROL_SIZE = Numbers.CMSG_DATA + 2 * Long.BYTES;

  /** Reads a message from the start of a buffer. */
  static Message read(ByteBuffer bytes) {
    return new Message(bytes.getInt(0), bytes.getInt(FLAGS_AT), bytes.getLong(ID_AT));
  }

  /**
   * Writes the message and a {@code struct msghdr} for it, followed by room for descriptors.
   *
   * @param descriptors the number of descriptors that the message contains, 3 at most
   * @return the {@code struct msghdr}
   */
  NativeArena.Place write(NativeArena arena, int descriptors) {
    NativeArena.Place message = arena.allocate(SIZE);
    message
        .bytes()
        .putInt(message.at(), type)
        .putInt(message.at() + FLAGS_AT, flags)
        .putLong(message.at() + ID_AT, id);
    long vector = arena.words(message.address(), SIZE);
    NativeArena.Place header = arena.allocate(Numbers.MSGHDR_SIZE + CONTROL_SIZE);
    ByteBuffer bytes = header.bytes();
    for (int i = 0; i < Numbers.MSGHDR_SIZE + CONTROL_SIZE; i += Long.BYTES) {
      bytes.putLong(header.at() + i, 0);
    }
    bytes.putLong(header.at() + Numbers.MSGHDR_IOV, vector);
    bytes.putLong(header.at() + Numbers.MSGHDR_IOVLEN, 1);
    if (descriptors > 0) {
      int length = Numbers.CMSG_DATA + descriptors * Integer.BYTES;
      bytes.putLong(header.at() + Numbers.MSGHDR_CONTROL, header.address() + Numbers.MSGHDR_SIZE);
      bytes.putLong(header.at() + Numbers.MSGHDR_CONTROLLEN, (length + 7) & ~7);
      writeControl(bytes, header.at() + Numbers.MSGHDR_SIZE, descriptors);
    }
    return header;
  }

  /** Writes the message with its descriptors. */
  NativeArena.Place write(NativeArena arena, int[] descriptors) {
    NativeArena.Place header = write(arena, descriptors.length);
    for (int i = 0; i < descriptors.length; i++) {
      header.bytes().putInt(header.at() + DESCRIPTORS_AT + i * Integer.BYTES, descriptors[i]);
    }
    return header;
  }

  /** Begins a control message that contains descriptors. */
  static void writeControl(ByteBuffer bytes, int at, int descriptors) {
    bytes
        .putLong(at, Numbers.CMSG_DATA + (long) descriptors * Integer.BYTES)
        .putInt(at + 8, Numbers.SOL_SOCKET)
        .putInt(at + 12, Numbers.SCM_RIGHTS);
  }
}
