package dev.procdesc.posix.io;

import dev.procdesc.posix.ffi.Descriptors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.ffi.SocketPairs;
import dev.procdesc.posix.ffi.SystemNumbers;
import java.nio.channels.Channel;

/** The parent's end of a pipe to a child, or of the terminal of a child. */
public interface PipeEnd extends Channel {
  /** A read of an end into a memory block; a class, because a lambda delays a first read. */
  record Read(Kind kind, NativeMemory memory) implements BlockingDescriptor.Transfer {
    @Override
    public long apply(int fd) {
      return kind.read(fd, memory);
    }
  }

  /** A write of memory to an end. */
  record Write(Kind kind, long address, long size) implements BlockingDescriptor.Transfer {
    @Override
    public long apply(int fd) {
      return kind.write(fd, address, size);
    }
  }

  /** The kinds of descriptors, which report differently that no process has the other end. */
  enum Kind {
    /** An end of a pipe. */
    PIPE,
    /** The master of a pseudo-terminal. */
    TERMINAL,
    /** A direction of a socket. */
    SOCKET;

    /** Returns the name of this kind in messages. */
    String subject() {
      return switch (this) {
        case PIPE -> "pipe";
        case TERMINAL -> "terminal";
        case SOCKET -> "socket";
      };
    }

    /** Reads available data; returns the number of bytes, 0 at the end of file, or -errno. */
    long read(int fd, NativeMemory memory) {
      long count = LibC.read(fd, memory.address(), NativeMemory.SIZE);
      // Linux returns EIO if no process has the terminal open, FreeBSD 0.
      return (this == TERMINAL && count == -PosixNumbers.EIO) || isReset(count) ? 0 : count;
    }

    /**
     * Returns whether a socket reports the close of the other end with data unread there, as Linux
     * does once.
     */
    private boolean isReset(long outcome) {
      return this == SOCKET && outcome == -SystemNumbers.posix().econnreset();
    }

    /**
     * Writes as much as possible; returns the number of bytes, or -errno: EPIPE if no process has
     * the other end.
     */
    long write(int fd, long address, long size) {
      // Linux takes bytes for a terminal that no process has open, and echoes them.
      if (this == TERMINAL && isHungUp(fd)) {
        return -PosixNumbers.EPIPE;
      }
      long count =
          this == SOCKET ? SocketPairs.send(fd, address, size) : LibC.write(fd, address, size);
      if (isReset(count)) {
        return -PosixNumbers.EPIPE;
      }
      // It may be hung up since: FreeBSD returns EIO then, and Linux takes no more bytes at last.
      return this == TERMINAL
              && (count == -PosixNumbers.EIO
                  || (count == -SystemNumbers.posix().eagain() && isHungUp(fd)))
          ? -PosixNumbers.EPIPE
          : count;
    }

    private static boolean isHungUp(int fd) {
      int events = Descriptors.poll(fd, PosixNumbers.POLLOUT, 0);
      return events > 0 && (events & ~PosixNumbers.POLLOUT) != 0;
    }
  }

  /** Returns the descriptor of this end. */
  BlockingDescriptor end();

  /** Keeps an object reachable for as long as this one is. */
  default void keepReachable(Object owner) {
    end().keepReachable(owner);
  }

  /** Closes this end, which another child has now. */
  void giveUp();

  @Override
  default boolean isOpen() {
    return end().isOpen();
  }
}
