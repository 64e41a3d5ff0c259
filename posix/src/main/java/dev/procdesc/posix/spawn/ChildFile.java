package dev.procdesc.posix.spawn;

import dev.procdesc.Stdio;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeArena;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.ffi.SystemNumbers;
import dev.procdesc.posix.ffi.SystemStrings;
import dev.procdesc.posix.io.Threads;
import dev.procdesc.spi.Redirect;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Opens a file for a child. The open does not block the calling thread in the kernel, where no
 * interrupt could end it: a FIFO waits for its other end, a terminal line for its carrier, and a
 * file with a lease for the holder of the lease.
 */
final class ChildFile {
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

  private final Redirect.File file;
  private final int flags;

  private ChildFile(Redirect.File file) {
    this.file = file;
    this.flags = flags(file.access()) | SystemNumbers.posix().oCloexec();
  }

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
   * @throws InterruptedIOException if the thread is interrupted while it waits
   */
  static int open(Redirect.File file) throws IOException {
    ChildFile opened = new ChildFile(file);
    return isFifo(file.path()) ? opened.openFifo() : opened.openOther();
  }

  private static boolean isFifo(Path path) {
    try {
      return Files.getAttribute(path, "unix:mode") instanceof Integer mode
          && (mode & PosixNumbers.S_IFMT) == PosixNumbers.S_IFIFO;
    } catch (IOException e) {
      return false; // The open creates the file, or reports the error.
    }
  }

  private int call(int openFlags) {
    try (NativeArena arena = new NativeArena()) {
      return LibC.open(arena.string(SystemStrings.encode(file.path())), openFlags, file.mode());
    }
  }

  private int openOther() throws InterruptedIOException {
    PosixNumbers numbers = SystemNumbers.posix();
    int fd = call(flags | numbers.oNonblock());
    while (fd == -numbers.eagain()) {
      if (Thread.currentThread().isInterrupted()) {
        throw interrupted();
      }
      // No system reports that a lease is given up.
      LockSupport.parkNanos(PAUSE_NANOS);
      fd = call(flags | numbers.oNonblock());
    }
    if (fd >= 0) {
      int status = LibC.fcntl(fd, PosixNumbers.F_GETFL, 0);
      // Without O_NONBLOCK it is not a new open file, but a duplicate of /dev/fd on FreeBSD.
      if (status >= 0 && (status & numbers.oNonblock()) != 0) {
        LibC.fcntl(fd, PosixNumbers.F_SETFL, status & ~numbers.oNonblock());
      }
    }
    return fd;
  }

  /**
   * Opens a FIFO in another thread, which blocks until there is an other end. No event reports
   * that, and an open that does not block has another meaning: a reader would see an end of file.
   */
  private int openFifo() throws IOException {
    CompletableFuture<Integer> opening = new CompletableFuture<>();
    Threads.startDaemon("procdesc-fifo", () -> {
      try {
        int fd = call(flags);
        if (!opening.complete(fd) && fd >= 0) {
          LibC.close(fd); // The caller was interrupted.
        }
      } catch (RuntimeException | Error e) {
        opening.completeExceptionally(e);
      }
    });
    try {
      return opening.get();
    } catch (InterruptedException e) {
      abandon(opening);
      Thread.currentThread().interrupt();
      throw interrupted();
    } catch (ExecutionException e) {
      throw new IllegalStateException("the open of " + file.path() + " failed", e);
    }
  }

  /**
   * Ends the other thread by opening the other end for a moment. That fails with ENXIO until the
   * thread waits in the kernel, and with another error if the FIFO was removed or this user may not
   * open its other end; then the thread remains, and closes the descriptor if it ever gets it.
   */
  private void abandon(CompletableFuture<Integer> opening) {
    int access = file.access() == Stdio.Access.READ ? PosixNumbers.O_WRONLY : PosixNumbers.O_RDONLY;
    PosixNumbers numbers = SystemNumbers.posix();
    int end = -PosixNumbers.ENXIO;
    while (!opening.isDone() && (end >= 0 || end == -PosixNumbers.ENXIO)) {
      end = call(access | numbers.oNonblock() | numbers.oCloexec());
      if (end >= 0) {
        LibC.close(end);
      }
      LockSupport.parkNanos(PAUSE_NANOS / 10);
    }
    opening.cancel(false);
    int fd = opening.exceptionally(failure -> -PosixNumbers.EINTR).join();
    if (fd >= 0) {
      LibC.close(fd);
    }
  }

  private InterruptedIOException interrupted() {
    return new InterruptedIOException(
        "interrupted while waiting for " + file.path() + ", such as for the other end of a FIFO");
  }
}
