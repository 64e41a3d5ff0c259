package dev.procdesc.posix.io;

import dev.procdesc.ClosedDescriptorException;
import dev.procdesc.posix.ffi.Descriptors;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.ffi.SystemNumbers;
import java.io.IOException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A non-blocking descriptor, such as the parent's end of a pipe, with blocking transfers. A
 * platform thread waits in {@code poll}; a virtual thread parks until the watcher reports an event.
 *
 * <p>Only the parent's end of a pipe is non-blocking: the two ends are separate open file
 * descriptions, so the mode of one does not affect the child's end.
 */
public final class BlockingDescriptor {
  /**
   * Serializes the readers, or the writers. A virtual thread that waits for the lock does not pin
   * its carrier.
   */
  public final ReentrantLock lock = new ReentrantLock();

  private final OwnedDescriptor descriptor;
  private final EventQueue.Interest interest;
  private final Watcher watcher;
  private final String subject;
  private volatile boolean closed;
  private volatile @Nullable CountDownLatch parked;
  private volatile @Nullable Object keptReachable;
  private volatile @Nullable Runnable closeAction;

  /** Takes ownership of a non-blocking end of a pipe. */
  public BlockingDescriptor(
      OwnedDescriptor descriptor, EventQueue.Interest interest, Watcher watcher) {
    this(descriptor, interest, watcher, "pipe");
  }

  /**
   * Takes ownership of a descriptor of another kind.
   *
   * @param subject names the kind of descriptor in messages
   */
  public BlockingDescriptor(
      OwnedDescriptor descriptor, EventQueue.Interest interest, Watcher watcher, String subject) {
    this.subject = subject;
    this.descriptor = descriptor;
    this.interest = interest;
    this.watcher = watcher;
  }

  /** A wait that only the descriptor ends. */
  private static final class UntilReady implements InterruptiblePoll.Waiter {
    @Override
    public boolean isAbandoned() {
      return false;
    }
  }

  /** The end of the wait of a thread that is parked. */
  private record Unpark(CountDownLatch ready) implements Watcher.Watched {
    @Override
    public void event(long token) {
      ready.countDown();
    }
  }

  /** A system call on the descriptor. */
  public interface Transfer {
    /** Performs the call and returns a count, or {@code -errno}. */
    long apply(int fd);
  }

  /** Returns whether {@link #close()} has not been called. */
  public boolean isOpen() {
    return !closed;
  }

  /**
   * Returns whether the descriptor was closed by the cleanup, although {@link #close()} was not
   * called: no transfer can succeed any more. Called with the lock held.
   */
  boolean isReleased() {
    return descriptor.isClosed() && isOpen();
  }

  /**
   * Lends the number of the descriptor.
   *
   * @throws ClosedChannelException if the descriptor is closed
   */
  public OwnedDescriptor.Loan lend() throws ClosedChannelException {
    return descriptor.lendToChannel();
  }

  /**
   * Returns the number for a user outside of this library, for whom the descriptor stays open until
   * {@link #close()}.
   *
   * @param released the reason if the descriptor was closed before
   * @throws ClosedDescriptorException if the descriptor is closed
   */
  int publish(String released) {
    if (isReleased()) {
      throw new ClosedDescriptorException(descriptor + " is closed: " + released);
    }
    return descriptor.publish();
  }

  /**
   * Gives the descriptor to a new owner, and closes this object. Called with the lock held, and
   * without a stream.
   *
   * @throws ClosedChannelException if the descriptor is closed
   * @throws IllegalStateException if another thread uses the number
   */
  int detach() throws ClosedChannelException {
    int fd = descriptor.detach();
    closed = true;
    return fd;
  }

  /** Keeps an object reachable for as long as this one is. */
  void keepReachable(Object owner) {
    keptReachable = owner;
  }

  /**
   * Creates a registration for a stream that uses this descriptor.
   *
   * @param ready runs after each wait, in the thread that watches all children
   */
  Readiness readiness(Runnable ready) {
    return new Readiness(descriptor, interest, watcher, ready);
  }

  /** Runs a task in a thread of the library, which must not be the one that watches. */
  void execute(Runnable task) {
    watcher.execute(List.of(task));
  }

  /** Sets the only action that runs when this is closed, in the thread that closes it. */
  void whenClosed(Runnable action) {
    closeAction = action;
  }

  /** Removes the action. */
  void forgetCloseAction() {
    closeAction = null;
  }

  /**
   * Checks that a transfer may begin. {@link #transfer} and the methods that acquire the lock make
   * the same checks.
   *
   * @throws ClosedChannelException if the descriptor is closed
   * @throws ClosedByInterruptException if the thread is interrupted, which closes the descriptor
   */
  void check() throws ClosedChannelException {
    if (Thread.currentThread().isInterrupted()) {
      throw interrupted();
    }
    checkOpen();
  }

  void checkOpen() throws ClosedChannelException {
    if (!isOpen()) {
      throw new ClosedChannelException();
    }
  }

  /**
   * Acquires the lock.
   *
   * @throws ClosedChannelException if the descriptor is closed
   * @throws ClosedByInterruptException if the thread is interrupted, which closes the descriptor
   */
  void enter() throws ClosedChannelException {
    enter(Interrupts.END);
  }

  /** Acquires the lock; an interrupt has the given effect. */
  void enter(Interrupts interrupts) throws ClosedChannelException {
    if (interrupts == Interrupts.IGNORE) {
      lock.lock();
    } else {
      try {
        lock.lockInterruptibly();
      } catch (InterruptedException e) {
        throw interrupted();
      }
    }
    if (!isOpen()) {
      lock.unlock();
      throw new ClosedChannelException();
    }
  }

  /**
   * Acquires the lock before a deadline.
   *
   * @return whether the lock was acquired
   * @throws ClosedChannelException if the descriptor is closed
   * @throws ClosedByInterruptException if the thread is interrupted, which closes the descriptor
   */
  public boolean enter(Deadline deadline) throws ClosedChannelException {
    boolean entered;
    try {
      entered = lock.tryLock(deadline.left(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      throw interrupted();
    }
    if (!isOpen()) {
      if (entered) {
        lock.unlock();
      }
      throw new ClosedChannelException();
    }
    return entered;
  }

  /**
   * Closes the descriptor because of an interrupt, and returns the exception to throw. The
   * interrupt status remains set.
   */
  private ClosedChannelException interrupted() {
    Thread.currentThread().interrupt();
    if (!isOpen()) {
      return new ClosedChannelException();
    }
    close();
    return new ClosedByInterruptException();
  }

  /** Repeats a transfer until it completes or fails. Called with the lock held. */
  public long transfer(String operation, Transfer transfer) throws IOException {
    return transfer(operation, transfer, Deadline.NONE);
  }

  /**
   * Repeats a transfer until it completes, fails or exceeds a deadline. Called with the lock held.
   *
   * <p>An interrupt is noticed before each attempt, because a descriptor that is always ready never
   * waits.
   *
   * @return the result of the transfer, or {@code -EAGAIN} after the deadline
   * @throws ClosedChannelException if the descriptor is closed, before or during the call
   * @throws ClosedByInterruptException if the thread is interrupted, which closes the descriptor
   */
  public long transfer(String operation, Transfer transfer, Deadline deadline) throws IOException {
    return transfer(operation, transfer, deadline, Interrupts.END);
  }

  /**
   * Repeats a transfer as the method without the last parameter; an interrupt has the given effect.
   */
  long transfer(String operation, Transfer transfer, Deadline deadline, Interrupts interrupts)
      throws IOException {
    while (true) {
      if (interrupts == Interrupts.END && Thread.currentThread().isInterrupted()) {
        throw interrupted();
      }
      long outcome = attempt(transfer);
      if (outcome >= 0) {
        return outcome;
      }
      if (outcome == -SystemNumbers.posix().eagain()) {
        long left = deadline.left();
        if (left <= 0) {
          return outcome;
        }
        await(left, interrupts);
      } else if (outcome != -PosixNumbers.EINTR) {
        throw Errors.failed(operation, subject, outcome);
      }
    }
  }

  /**
   * Performs one transfer, which may fail with EAGAIN. Called with the lock held.
   *
   * @throws ClosedChannelException if the descriptor is closed
   */
  public long attempt(Transfer transfer) throws ClosedChannelException {
    try (OwnedDescriptor.Loan loan = descriptor.lendToChannel()) {
      return transfer.apply(loan.fd());
    }
  }

  private void await(long nanos, Interrupts interrupts) throws IOException {
    boolean interrupted;
    try {
      interrupted = Threads.isVirtual() ? park(nanos, interrupts) : pollInKernel(nanos, interrupts);
    } catch (ClosedDescriptorException e) {
      throw (AsynchronousCloseException) new AsynchronousCloseException().initCause(e);
    }
    if (interrupted && interrupts == Interrupts.END) {
      close();
      throw new ClosedByInterruptException();
    }
    if (descriptor.isClosed()) {
      throw new AsynchronousCloseException();
    }
  }

  private boolean pollInKernel(long nanos, Interrupts interrupts) throws IOException {
    int events =
        interest == EventQueue.Interest.READABLE ? PosixNumbers.POLLIN : PosixNumbers.POLLOUT;
    InterruptiblePoll.Result result;
    try {
      result = InterruptiblePoll.await(descriptor, events, nanos, new UntilReady(), interrupts);
    } catch (IOException e) {
      // No descriptors are left for the wake-up pipe. The watcher already has all that it needs.
      return park(nanos, interrupts);
    }
    return result == InterruptiblePoll.Result.INTERRUPTED;
  }

  /**
   * Waits for an event from the watcher.
   *
   * @return whether the thread was interrupted; its interrupt status remains set
   */
  private boolean park(long nanos, Interrupts interrupts) throws IOException {
    CountDownLatch ready = new CountDownLatch(1);
    try (OwnedDescriptor.Loan loan = descriptor.lend()) {
      parked = ready;
      long token = watcher.watch(loan.fd(), interest, new Unpark(ready));
      try {
        // A close before the latch was published could not count it down.
        return !descriptor.isClosed() && isInterrupted(ready, nanos, interrupts);
      } finally {
        watcher.unwatch(loan.fd(), interest, token);
      }
    } finally {
      parked = null;
    }
  }

  /**
   * Waits for a latch, or until a time is over; the caller repeats its transfer in either case.
   *
   * @return whether the thread was interrupted; its interrupt status remains set
   */
  private static boolean isInterrupted(CountDownLatch ready, long nanos, Interrupts interrupts) {
    Deadline deadline = Deadline.in(nanos);
    boolean interrupted = false;
    try {
      while (true) {
        try {
          if (nanos == Long.MAX_VALUE) {
            ready.await();
          } else {
            boolean unused = ready.await(deadline.left(), TimeUnit.NANOSECONDS);
          }
          return interrupted;
        } catch (InterruptedException e) {
          interrupted = true;
          if (interrupts == Interrupts.END) {
            return true;
          }
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /**
   * Returns whether no process has the other end of a pipe. {@code poll} reports that also if no
   * event is requested.
   */
  boolean isHungUp() throws ClosedChannelException {
    return attempt(fd -> Descriptors.poll(fd, 0, 0)) > 0;
  }

  /** Closes the descriptor and wakes a thread that waits for it. Idempotent. */
  public void close() {
    closed = true;
    descriptor.close();
    CountDownLatch waiting = parked;
    if (waiting != null) {
      waiting.countDown();
    }
    Runnable action = closeAction;
    if (action != null) {
      action.run();
    }
  }

  @Override
  public String toString() {
    return descriptor + (keptReachable == null ? "" : " of " + keptReachable);
  }
}
