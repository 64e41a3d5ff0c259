package dev.procdesc.posix.io;

import dev.procdesc.ClosedDescriptorException;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeArena;
import dev.procdesc.posix.ffi.PosixNumbers;
import java.util.ArrayList;
import java.util.List;

/**
 * A descriptor that this object owns and closes exactly once, however many threads use it.
 *
 * <p>The number is lent between {@link #acquire()} and {@link #release()}; a close in between is
 * put off until the last borrower is done, and wakes those who wait in the kernel. So no system
 * call ever sees a number that was closed and given to something else.
 */
public final class OwnedDescriptor {
  private final int fd;
  private final String what;
  private final List<InterruptiblePoll> waiting = new ArrayList<>(0);
  private int users;
  private boolean closed;

  private OwnedDescriptor(int fd, String what) {
    this.fd = fd;
    this.what = what;
  }

  /** Takes ownership of an open descriptor. */
  public static OwnedDescriptor take(int fd, String what) {
    if (fd < 0) {
      throw new IllegalArgumentException("not a descriptor: " + fd);
    }
    return new OwnedDescriptor(fd, what);
  }

  /** Lends the number until {@link #release()}. */
  public synchronized int acquire() {
    if (closed) {
      throw new ClosedDescriptorException(what + " is closed");
    }
    users++;
    return fd;
  }

  /** Ends a loan. */
  public void release() {
    boolean last;
    synchronized (this) {
      users--;
      last = closed && users == 0;
    }
    if (last) {
      LibC.close(fd);
    }
  }

  /** Whether {@link #close()} was called. */
  public synchronized boolean isClosed() {
    return closed;
  }

  /** The number, without a loan: for display, and for callers that are told when it ends. */
  public synchronized int number() {
    if (closed) {
      throw new ClosedDescriptorException(what + " is closed");
    }
    return fd;
  }

  /** Closes at the end of the last loan. Idempotent. */
  public void close() {
    boolean now;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      now = users == 0;
      waiting.forEach(InterruptiblePoll::wake);
    }
    if (now) {
      LibC.close(fd);
    }
  }

  /**
   * Closes at once what the number refers to, and the number at the end of the last loan: until
   * then it is a pipe's end, of which a borrower's system call says EBADF or the like. For a
   * descriptor whose last close does something, when a borrower may be blocked for long.
   *
   * <p>If the pipe cannot be made or put there (the number may be beyond a limit of open files that
   * was lowered), this is {@link #close()}.
   *
   * @return whether it is sure that nothing is left of what the number referred to; false if it
   *     waits for a borrower
   */
  public boolean closeNow(PosixNumbers numbers) {
    boolean gone;
    synchronized (this) {
      gone = users == 0;
      if (!closed && users > 0) {
        try (NativeArena arena = new NativeArena()) {
          NativeArena.Place pair = arena.allocate(2 * Integer.BYTES);
          if (LibC.pipe2(pair.address(), numbers.oCloexec()) == 0) {
            int end = pair.bytes().getInt(pair.at());
            gone = LibC.dup3(end, fd, numbers.oCloexec()) >= 0;
            LibC.close(end);
            LibC.close(pair.bytes().getInt(pair.at() + Integer.BYTES));
          }
        }
      }
    }
    close();
    return gone;
  }

  /** Wakes those who wait on this descriptor in the kernel, so that they look again. */
  public void wakeWaiting() {
    synchronized (this) {
      waiting.forEach(InterruptiblePoll::wake);
    }
  }

  synchronized void addWaiting(InterruptiblePoll wake) {
    waiting.add(wake);
    if (closed) {
      wake.wake();
    }
  }

  synchronized void removeWaiting(InterruptiblePoll wake) {
    waiting.remove(wake);
  }

  @Override
  public String toString() {
    return what + " (descriptor " + fd + ")";
  }
}
