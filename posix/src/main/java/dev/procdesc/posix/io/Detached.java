package dev.procdesc.posix.io;

import dev.procdesc.IoMode;
import dev.procdesc.posix.ffi.Descriptors;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.ffi.SystemNumbers;
import java.io.IOException;

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
