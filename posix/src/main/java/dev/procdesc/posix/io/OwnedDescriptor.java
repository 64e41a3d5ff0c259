package dev.procdesc.posix.io;

import dev.procdesc.ClosedDescriptorException;
import dev.procdesc.posix.ffi.Descriptors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.SocketPairs;
import dev.procdesc.posix.ffi.SystemNumbers;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A descriptor that this object owns and closes exactly once, regardless of the number of threads
 * that use it.
 *
 * <p>The number is lent by {@link #lend()}. A close during a loan is deferred until the last loan
 * ends, and wakes the threads that wait in the kernel. No system call therefore uses a number that
 * was closed and reused for another file.
 */
public final class OwnedDescriptor {
  /** The pause of a claim while the former owner closes the number. */
  private static final long VANISHING_NANOS = 20_000;

  private final int fd;
  private final String what;
  private final List<InterruptiblePoll> waiting = new ArrayList<>(0);
  private int users;
  private boolean closed;

  /** Set when the number was given to a user outside of this library; guarded by this. */
  private boolean published;

  /** The direction of a socket that ends with the close; empty for other descriptors. */
  private final OptionalInt direction;

  private OwnedDescriptor(int fd, String what, OptionalInt direction) {
    this.fd = fd;
    this.what = what;
    this.direction = direction;
  }

  /**
   * Takes ownership of an open descriptor.
   *
   * @param what names the descriptor in messages
   */
  public static OwnedDescriptor take(int fd, String what) {
    if (fd < 0) {
      throw new IllegalArgumentException("not a descriptor: " + fd);
    }
    return owned(fd, what, OptionalInt.empty());
  }

  /**
   * Takes ownership of a descriptor for one direction of a socket, whose other direction has
   * another descriptor. The close ends the direction, which the last close of the socket would do
   * otherwise.
   *
   * @param how the direction, as shutdown(2) names it
   */
  public static OwnedDescriptor takeDirection(int fd, String what, int how) {
    return owned(fd, what, OptionalInt.of(how));
  }

  private static OwnedDescriptor owned(int fd, String what, OptionalInt direction) {
    OwnedDescriptor owned = new OwnedDescriptor(fd, what, direction);
    OwnedNumbers.put(fd, owned);
    return owned;
  }

  /**
   * Takes ownership of an open descriptor that other code opened, unless this library owns it
   * already. The caller closes it, or gives it back by {@link #disown()}.
   *
   * @param what names the descriptor in messages
   * @throws IllegalStateException if an object of this library owns the number
   */
  public static OwnedDescriptor claim(int fd, String what) {
    OwnedDescriptor claimed = new OwnedDescriptor(fd, what, OptionalInt.empty());
    while (true) {
      Optional<OwnedDescriptor> owner = OwnedNumbers.putIfFree(fd, claimed);
      if (owner.isEmpty()) {
        return claimed;
      }
      if (!owner.get().isVanishing()) {
        throw new IllegalStateException("descriptor " + fd + " belongs to an open object of this"
            + " library already: " + owner.get().what);
      }
      // The owner has closed the number, or is about to, and then leaves.
      Threads.pause(VANISHING_NANOS);
    }
  }

  /** Returns whether the number is closed, or is being closed at this moment. */
  private synchronized boolean isVanishing() {
    return closed && users == 0;
  }

  /**
   * Gives up the ownership of the descriptor, which stays open. To be called only by the code that
   * claimed it and has lent it to nobody.
   */
  public void disown() {
    synchronized (this) {
      closed = true;
    }
    OwnedNumbers.remove(fd, this);
  }

  /** A loan of the number of a descriptor; closing the loan ends it. */
  public final class Loan implements AutoCloseable {
    private Loan() {}

    /** Returns the number. */
    public int fd() {
      return fd;
    }

    /** Ends the loan; to be called once. */
    @Override
    public void close() {
      release();
    }
  }

  /**
   * Lends the number.
   *
   * @throws ClosedDescriptorException if the descriptor is closed
   */
  public synchronized Loan lend() {
    if (closed) {
      throw new ClosedDescriptorException(what + " is closed");
    }
    users++;
    return new Loan();
  }

  /**
   * Lends the number to an operation of a channel.
   *
   * @throws ClosedChannelException if the descriptor is closed
   */
  public Loan lendToChannel() throws ClosedChannelException {
    try {
      return lend();
    } catch (ClosedDescriptorException e) {
      throw (ClosedChannelException) new ClosedChannelException().initCause(e);
    }
  }

  private void release() {
    boolean last;
    synchronized (this) {
      users--;
      last = closed && users == 0;
    }
    if (last) {
      closeNumber();
    }
  }

  /** Returns whether {@link #close()} was called. */
  public synchronized boolean isClosed() {
    return closed;
  }

  /**
   * Returns the number without a loan, for display and for callers that are notified of the close.
   *
   * @throws ClosedDescriptorException if the descriptor is closed
   */
  public synchronized int number() {
    if (closed) {
      throw new ClosedDescriptorException(what + " is closed");
    }
    return fd;
  }

  /**
   * Returns the number without a loan, for a user outside of this library, who may have it in an
   * event queue. From then on only {@link #close()} closes it.
   *
   * @throws ClosedDescriptorException if the descriptor is closed
   */
  public synchronized int publish() {
    int number = number();
    published = true;
    return number;
  }

  /**
   * Gives up the ownership: from then on this object is closed, and the number stays open.
   *
   * @return the number, which the caller owns
   * @throws ClosedChannelException if the descriptor is closed
   * @throws IllegalStateException if the number is on loan
   */
  public synchronized int detach() throws ClosedChannelException {
    if (closed) {
      throw new ClosedChannelException();
    }
    if (users > 0) {
      throw new IllegalStateException("another thread uses " + what);
    }
    closed = true;
    OwnedNumbers.remove(fd, this);
    return fd;
  }

  /** Closes the descriptor at the end of the last loan, and wakes its waiters. Idempotent. */
  public void close() {
    close(false);
  }

  /**
   * Closes the descriptor before its owner does, because it has no use any more. Does nothing if
   * the number was {@linkplain #publish() published}: its user does not expect the close.
   *
   * @return whether the descriptor is closed
   */
  public boolean closeEarly() {
    return close(true);
  }

  private boolean close(boolean early) {
    boolean now;
    synchronized (this) {
      if (closed) {
        return true;
      }
      if (early && published) {
        return false;
      }
      if (direction.isPresent()) {
        SocketPairs.shutdown(fd, direction.getAsInt()); // Fails if the other end is closed.
      }
      closed = true;
      now = users == 0;
      wakeWaiting();
    }
    if (now) {
      closeNumber();
    }
    return true;
  }

  /** Closes the number, which stays registered until then, so that nobody can claim it before. */
  private void closeNumber() {
    LibC.close(fd);
    OwnedNumbers.remove(fd, this);
  }

  /**
   * Closes the open file description of the number immediately, and the number at the end of the
   * last loan. Until then the number refers to an end of a pipe, on which the system calls of the
   * borrowers fail with EBADF or a similar error. This is for a descriptor whose last close has an
   * effect, when a borrower may block for a long time.
   *
   * <p>If the pipe cannot be created or duplicated to the number, which may exceed a limit of open
   * files that was lowered, this method is equivalent to {@link #close()}.
   *
   * @return whether the open file description is closed; false if that waits for a borrower
   */
  public boolean closeNow() {
    boolean gone;
    synchronized (this) {
      gone = users == 0;
      if (!closed && users > 0) {
        int[] ends = new int[2];
        if (Descriptors.pipe(ends, SystemNumbers.posix().oCloexec()) >= 0) {
          gone = LibC.dup3(ends[0], fd, SystemNumbers.posix().oCloexec()) >= 0;
          LibC.close(ends[0]);
          LibC.close(ends[1]);
        }
      }
    }
    close();
    return gone;
  }

  /** Wakes the threads that wait for this descriptor in the kernel, so that they check again. */
  public synchronized void wakeWaiting() {
    for (InterruptiblePoll wait : waiting) {
      wait.wake();
    }
  }

  /** Registers a wait that a close of this descriptor ends. */
  synchronized void addWaiting(InterruptiblePoll wake) {
    waiting.add(wake);
    if (closed) {
      wake.wake();
    }
  }

  /** Unregisters a wait. */
  synchronized void removeWaiting(InterruptiblePoll wake) {
    waiting.remove(wake);
  }

  @Override
  public String toString() {
    return what + " (descriptor " + fd + ")";
  }
}
