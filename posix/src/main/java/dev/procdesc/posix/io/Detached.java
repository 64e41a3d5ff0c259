package dev.procdesc.posix.io;

import dev.procdesc.IoMode;
import dev.procdesc.posix.ffi.Descriptors;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.ffi.SocketPairs;
import dev.procdesc.posix.ffi.SystemNumbers;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.util.OptionalInt;

/** The descriptor of an end of a pipe that is given to an owner outside of this library. */
final class Detached {
  /** The direction of the data at an end. */
  enum Direction {
    INPUT,
    OUTPUT
  }

  private Detached() {}

  /**
   * Gives the descriptor of an end away, and closes the end. Called with its lock held, and without
   * a stream.
   *
   * <p>An end that has no other one any more may have lost its descriptor at any moment, such as
   * that of the end of the child. Then the caller gets one that behaves in the same way.
   */
  static int of(BlockingDescriptor end, Direction direction, IoMode mode) throws IOException {
    int fd;
    if (end.isReleased()) {
      fd = withoutOtherEnd(direction);
      end.close();
    } else {
      fd = end.detach();
    }
    setMode(fd, mode);
    return fd;
  }

  /** Sets the mode of a descriptor that has no other status flags. */
  static void setMode(int fd, IoMode mode) {
    int flags = mode == IoMode.NON_BLOCKING ? SystemNumbers.posix().oNonblock() : 0;
    LibC.fcntl(fd, PosixNumbers.F_SETFL, flags);
  }

  /**
   * Checks that an end is not one of two directions.
   *
   * @throws IllegalStateException if it is
   */
  static void checkWhole(PipeEnd.Kind kind) {
    if (kind == PipeEnd.Kind.SOCKET) {
      throw new IllegalStateException(
          "this is one direction of a socket, whose descriptor ChildSocket.detach gives away");
    }
  }

  /**
   * Gives the descriptor of a socket away, and closes both of its directions without ending them.
   *
   * @throws ClosedChannelException if both directions are closed
   * @throws IllegalStateException if one of them has a user, or bytes were read ahead
   */
  static int of(PipeInputImpl input, PipeOutputImpl output, IoMode mode) throws IOException {
    input.reserve();
    try {
      output.reserve();
      try {
        input.end().lock.lock();
        output.end().lock.lock();
        try {
          input.checkNothingAhead("the new owner of the descriptor");
          int fd = ofDirections(input.end(), output.end());
          setMode(fd, mode);
          input.cancelCleanup();
          output.cancelCleanup();
          return fd;
        } finally {
          output.end().lock.unlock();
          input.unlock();
        }
      } finally {
        output.use().endStream();
      }
    } finally {
      input.use().endStream();
    }
  }

  private static int ofDirections(BlockingDescriptor input, BlockingDescriptor output)
      throws IOException {
    OptionalInt first = take(input);
    OptionalInt second = take(output);
    if (first.isPresent() && second.isPresent()) {
      LibC.close(second.getAsInt());
    }
    if (first.isPresent() || second.isPresent()) {
      return first.isPresent() ? first.getAsInt() : second.getAsInt();
    }
    if (!input.isOpen() && !output.isOpen()) {
      throw new ClosedChannelException();
    }
    int fd = socketWithoutOtherEnd();
    input.close();
    output.close();
    return fd;
  }

  /** Takes the descriptor of a direction; empty if it is closed. */
  private static OptionalInt take(BlockingDescriptor direction) throws ClosedChannelException {
    return direction.isOpen() && !direction.isReleased()
        ? OptionalInt.of(direction.detach())
        : OptionalInt.empty();
  }

  private static int socketWithoutOtherEnd() throws IOException {
    int[] ends = new int[2];
    int outcome = SocketPairs.streams(ends);
    if (outcome < 0) {
      throw Errors.failed("socketpair", "the descriptor of a socket without another end", outcome);
    }
    LibC.close(ends[1]);
    return ends[0];
  }

  /** Opens an end of a pipe whose other end is closed. */
  private static int withoutOtherEnd(Direction direction) throws IOException {
    int[] ends = new int[2];
    int outcome = Descriptors.pipe(ends, SystemNumbers.posix().oCloexec());
    if (outcome < 0) {
      throw Errors.failed("pipe2", "the descriptor of a pipe that has no other end", outcome);
    }
    int ours = direction == Direction.INPUT ? 0 : 1;
    LibC.close(ends[1 - ours]);
    return ends[ours];
  }
}
