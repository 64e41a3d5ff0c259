package dev.procdesc.posix.channel;

import dev.procdesc.posix.ffi.PosixNumbers;
import java.util.OptionalInt;

/**
 * The numbers and layouts of sockets, which the systems do not agree on. Each backend gives its own
 * from its {@code Numbers}. What is not here is the same on both: a {@code struct msghdr} begins
 * with name, namelen (at 8), iov (at 16), iovlen (at 24), control (at 32), controllen (at 40); the
 * data of a control message begins at 16, and each takes a multiple of eight bytes.
 *
 * @param pollRdhup the event of poll that the other end sends no more
 * @param longLengths whether iovlen, controllen and cmsg_len are words (Linux), else ints
 * @param msghdrFlags where {@code struct msghdr} has its flags
 * @param addressHasLength whether a {@code sockaddr_un} begins with its length in a byte and the
 *     family in another (FreeBSD), else with the family in two
 * @param pathSize the room for a path in a {@code sockaddr_un}, with its NUL
 * @param scmPidfd a control message of the kernel's own that brings a descriptor
 * @param msgEor the flag that ends a record, where a send does not do so by itself
 * @param noRoom the error of recvmsg where descriptors find no room, if it is not EMFILE; absent
 *     where it takes those that do, and says MSG_CTRUNC
 * @param bufferSize what the buffers must be set to so that the longest payload fits; absent where
 *     it does anyway
 */
public record SocketNumbers(
    int sockCloexec,
    int sockNonblock,
    int solSocket,
    int soType,
    int soSndbuf,
    int soRcvbuf,
    int scmRights,
    OptionalInt scmPidfd,
    int msgDontwait,
    int msgNosignal,
    int msgCmsgCloexec,
    int msgTrunc,
    int msgCtrunc,
    int pollRdhup,
    long fionread,
    boolean longLengths,
    int msghdrFlags,
    boolean addressHasLength,
    int pathSize,
    OptionalInt msgEor,
    OptionalInt noRoom,
    OptionalInt bufferSize) {
  /** {@code AF_UNIX} on every system. */
  public static final int AF_UNIX = 1;

  /** {@code SOCK_SEQPACKET} on every system. */
  public static final int SOCK_SEQPACKET = 5;

  /** Where the data of a control message begins, on every 64-bit system. */
  static final int CMSG_DATA = 16;

  /** Whether an outcome of recvmsg says that descriptors were dropped for want of room. */
  boolean isNoRoom(int outcome) {
    return noRoom.isPresent() && (outcome == -noRoom.getAsInt() || outcome == -PosixNumbers.EMFILE);
  }

  /** Where a control message has its level; its type comes four bytes later. */
  int cmsgLevel() {
    return longLengths ? 8 : 4;
  }
}
