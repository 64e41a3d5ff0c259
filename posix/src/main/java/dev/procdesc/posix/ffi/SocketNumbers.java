package dev.procdesc.posix.ffi;

import java.util.OptionalInt;

/**
 * The numbers and layouts of sockets that differ between the systems; each backend supplies them
 * from its {@code Numbers}.
 *
 * <p>The rest is the same on both systems: a {@code struct msghdr} begins with name, namelen (at
 * 8), iov (at 16), iovlen (at 24), control (at 32) and controllen (at 40); the data of a control
 * message begins at 16, and each control message occupies a multiple of eight bytes.
 *
 * @param pollRdhup the event of poll that reports that the other end sends no more data
 * @param longLengths whether iovlen, controllen and cmsg_len are 64-bit words (Linux), instead of
 *     ints
 * @param msghdrFlags the offset of the flags in {@code struct msghdr}
 * @param addressHasLength whether a {@code sockaddr_un} begins with one byte for its length and one
 *     for the family (FreeBSD), instead of two bytes for the family
 * @param pathSize the size of the path in a {@code sockaddr_un}, including its NUL
 * @param abstractNames whether an address that begins with NUL is a name outside of the file system
 * @param scmPidfd the type of a control message with a descriptor that the kernel adds
 * @param msgEor the flag that ends a record, on a system where a send alone does not
 * @param noRoom the error of recvmsg, other than EMFILE, if no numbers are free for the
 *     descriptors; absent where recvmsg accepts those that fit and sets MSG_CTRUNC
 * @param bufferSize the size of the buffers that the longest payload requires; absent where the
 *     default suffices
 */
public record SocketNumbers(
    int sockCloexec,
    int sockNonblock,
    int solSocket,
    int soType,
    int soDomain,
    int soAcceptconn,
    int afInet6,
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
    boolean abstractNames,
    OptionalInt msgEor,
    OptionalInt noRoom,
    OptionalInt bufferSize) {
  /** {@code AF_UNIX} on every system. */
  public static final int AF_UNIX = 1;

  /** {@code AF_INET} on every system. */
  public static final int AF_INET = 2;

  /** {@code SOCK_DGRAM} on every system. */
  public static final int SOCK_DGRAM = 2;

  /** {@code SOCK_STREAM} on every system. */
  public static final int SOCK_STREAM = 1;

  /** {@code SHUT_RD} on every system. */
  public static final int SHUT_RD = 0;

  /** {@code SHUT_WR} on every system. */
  public static final int SHUT_WR = 1;

  /** {@code SOCK_SEQPACKET} on every system. */
  public static final int SOCK_SEQPACKET = 5;

  /** The offset of the data in a control message, on every 64-bit system. */
  public static final int CMSG_DATA = 16;

  /**
   * Returns whether a result of recvmsg reports that descriptors were dropped for lack of numbers.
   */
  public boolean isNoRoom(int outcome) {
    return noRoom.isPresent() && (outcome == -noRoom.getAsInt() || outcome == -PosixNumbers.EMFILE);
  }

  /** Returns the offset of the level in a control message; its type follows four bytes later. */
  public int cmsgLevel() {
    return longLengths ? 8 : 4;
  }
}
