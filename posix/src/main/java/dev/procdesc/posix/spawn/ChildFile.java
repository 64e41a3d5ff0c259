package dev.procdesc.posix.spawn;

import dev.procdesc.Stdio;
import dev.procdesc.posix.ffi.Descriptors;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeArena;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.ffi.SystemNumbers;
import dev.procdesc.posix.ffi.SystemStrings;
import dev.procdesc.posix.io.BlockingDescriptor;
import dev.procdesc.posix.io.EventQueue;
import dev.procdesc.posix.io.OwnedDescriptor;
import dev.procdesc.posix.io.Watcher;
import dev.procdesc.spi.Redirect;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Opens a file for a child. The open never blocks in the kernel, where nothing could end it: a FIFO
 * would wait for its other end, and a terminal line for its carrier. The wait for the other end of
 * a FIFO takes place in Java instead.
 */
final class ChildFile {
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

  private ChildFile() {}

  private static int flags(Stdio.Access access) {
    PosixNumbers numbers = SystemNumbers.posix();
    return switch (access) {
      case READ -> PosixNumbers.O_RDONLY;
      case WRITE -> PosixNumbers.O_WRONLY | numbers.oCreat() | numbers.oTrunc();
      case APPEND -> PosixNumbers.O_WRONLY | numbers.oCreat() | numbers.oAppend();
      case CREATE_NEW -> PosixNumbers.O_WRONLY | numbers.oCreat() | numbers.oExcl();
      case READ_WRITE -> PosixNumbers.O_RDWR | numbers.oCreat();
    };
  }

  /**
   * Opens a file, close-on-exec and in blocking mode.
   *
   * @return the descriptor, or {@code -errno}
   * @throws InterruptedIOException if the thread is interrupted while it waits for the other end of
   *     a FIFO
   */
  static int open(Redirect.File file, NativeArena arena, Watcher watcher) throws IOException {
    PosixNumbers numbers = SystemNumbers.posix();
    long path = arena.string(SystemStrings.encode(file.path()));
    int flags = flags(file.access()) | numbers.oCloexec() | numbers.oNonblock();
    int fd = LibC.open(path, flags, file.mode());
    while (fd == -numbers.eagain() || (fd == -PosixNumbers.ENXIO && isFifo(file.path()))) {
      if (Thread.currentThread().isInterrupted()) {
        throw interrupted(file.path());
      }
      // No system reports that a reader arrives, or that a lease (EAGAIN) is given up.
      LockSupport.parkNanos(PAUSE_NANOS);
      fd = LibC.open(path, flags, file.mode());
    }
    if (fd < 0) {
      return fd;
    }
    boolean complete = false;
    try {
      if (file.access() == Stdio.Access.READ) {
        awaitWriter(fd, file.path(), watcher);
      }
      // Only O_APPEND and O_NONBLOCK can be changed, and O_APPEND must stay.
      LibC.fcntl(fd, PosixNumbers.F_SETFL, flags & numbers.oAppend());
      complete = true;
      return fd;
    } finally {
      if (!complete) {
        LibC.close(fd);
      }
    }
  }

  /** Waits until a FIFO has data, or had a writer: before that, a read returns the end of file. */
  private static void awaitWriter(int fd, Path path, Watcher watcher) throws IOException {
    if (Descriptors.poll(fd, PosixNumbers.POLLIN, 0) != 0 || !isFifo(path)) {
      return;
    }
    int copy = LibC.fcntl(fd, SystemNumbers.posix().fDupfdCloexec(), 0);
    if (copy < 0) {
      throw Errors.failed("fcntl(F_DUPFD_CLOEXEC)", path, copy);
    }
    BlockingDescriptor waiting = new BlockingDescriptor(
        OwnedDescriptor.take(copy, "the FIFO " + path),
        EventQueue.Interest.READABLE,
        watcher,
        "FIFO");
    try {
      waiting.transfer("poll", number -> {
        int events = Descriptors.poll(number, PosixNumbers.POLLIN, 0);
        return events == 0 ? -SystemNumbers.posix().eagain() : events;
      });
    } catch (ClosedByInterruptException e) {
      throw (IOException) interrupted(path).initCause(e);
    } finally {
      waiting.close();
    }
  }

  private static InterruptedIOException interrupted(Path path) {
    return new InterruptedIOException(
        "interrupted while waiting for " + path + ", such as for the other end of a FIFO");
  }

  private static boolean isFifo(Path path) throws IOException {
    return Files.getAttribute(path, "unix:mode") instanceof Integer mode
        && (mode & PosixNumbers.S_IFMT) == PosixNumbers.S_IFIFO;
  }
}
