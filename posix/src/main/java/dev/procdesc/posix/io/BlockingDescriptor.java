package dev.procdesc.posix.io;

import dev.procdesc.ClosedDescriptorException;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.PosixNumbers;
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
 * The parent's end of a pipe: a non-blocking descriptor, and waiting for it in whatever way suits
 * the thread. Only this end is non-blocking: the ends of a pipe are open files of their own, so the
 * child sees nothing of it.
 */
public final class BlockingDescriptor {
  /**
   * Serializes readers, or writers; a virtual thread that waits for it does not hold its carrier.
   */
  public final ReentrantLock lock = new ReentrantLock();

  private final OwnedDescriptor descriptor;
  private final EventQueue.Interest interest;
  private final PosixNumbers numbers;
  private final Watcher watcher;
  private final String subject;
  private volatile @Nullable CountDownLatch parked;
  private volatile @Nullable Object keptReachable;

  public BlockingDescriptor(
      OwnedDescriptor descriptor,
      EventQueue.Interest interest,
      PosixNumbers numbers,
      Watcher watcher) {
    this(descriptor, interest, numbers, watcher, "pipe");
  }

  /** The same for another kind of descriptor, which is named so in messages. */
  public BlockingDescriptor(
      OwnedDescriptor descriptor,
      EventQueue.Interest interest,
      PosixNumbers numbers,
      Watcher watcher,
      String subject) {
    this.subject = subject;
    this.descriptor = descriptor;
    this.interest = interest;
    this.numbers = numbers;
    this.watcher = watcher;
  }

  /** One system call on the descriptor: a count, or {@code -errno}. */
  public interface Transfer {
    long apply(int fd);
  }

  public boolean isOpen() {
    return !descriptor.isClosed();
  }

  void keepReachable(Object owner) {
    keptReachable = owner;
  }

  /**
   * Takes the lock, within a time.
   *
   * @return false if another thread kept it
   */
  public boolean enter(long nanos) throws IOException {
    try {
      return lock.tryLock(nanos, TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      close();
      throw (ClosedByInterruptException) new ClosedByInterruptException().initCause(e);
    }
  }

  /** Repeats a transfer until it does not have to wait. Called with the lock held. */
  public long transfer(String operation, Transfer transfer) throws IOException {
    return transfer(operation, transfer, Long.MAX_VALUE);
  }

  /**
   * Repeats a transfer until it does not have to wait, within a time. Called with the lock held.
   *
   * @param nanos {@link Long#MAX_VALUE} for no limit
   * @return what the transfer returned, {@code -EAGAIN} if the time was over
   */
  public long transfer(String operation, Transfer transfer, long nanos) throws IOException {
    long deadline = System.nanoTime() + nanos;
    while (true) {
      long outcome = attempt(transfer);
      if (outcome >= 0) {
        return outcome;
      }
      if (outcome == -numbers.eagain()) {
        long left = nanos == Long.MAX_VALUE ? nanos : deadline - System.nanoTime();
        if (left <= 0) {
          return outcome;
        }
        await(left);
      } else if (outcome != -PosixNumbers.EINTR) {
        throw Errors.failed(operation, subject, outcome);
      }
    }
  }

  /** One transfer, which may fail with EAGAIN. Called with the lock held. */
  public long attempt(Transfer transfer) throws ClosedChannelException {
    int fd;
    try {
      fd = descriptor.acquire();
    } catch (ClosedDescriptorException e) {
      throw (ClosedChannelException) new ClosedChannelException().initCause(e);
    }
    try {
      return transfer.apply(fd);
    } finally {
      descriptor.release();
    }
  }

  private void await(long nanos) throws IOException {
    boolean interrupted;
    try {
      interrupted = Threads.isVirtual() ? park(nanos) : pollInKernel(nanos);
    } catch (ClosedDescriptorException e) {
      throw (AsynchronousCloseException) new AsynchronousCloseException().initCause(e);
    }
    if (interrupted) {
      close();
      throw new ClosedByInterruptException();
    }
    if (descriptor.isClosed()) {
      throw new AsynchronousCloseException();
    }
  }

  private boolean pollInKernel(long nanos) throws IOException {
    int events =
        interest == EventQueue.Interest.READABLE ? PosixNumbers.POLLIN : PosixNumbers.POLLOUT;
    return InterruptiblePoll.await(descriptor, events, nanos, numbers)
        == InterruptiblePoll.Result.INTERRUPTED;
  }

  /** Waits for the watcher's word. The status of an interrupted thread stays set. */
  private boolean park(long nanos) throws IOException {
    CountDownLatch ready = new CountDownLatch(1);
    int fd = descriptor.acquire();
    try {
      parked = ready;
      long token = watcher.watch(fd, interest, event -> {
        ready.countDown();
        return List.of();
      });
      try {
        // A close that came before the latch was there did not see it.
        if (!descriptor.isClosed()) {
          if (nanos == Long.MAX_VALUE) {
            ready.await();
          } else {
            // Whatever ended the wait, the transfer is tried again.
            boolean unused = ready.await(nanos, TimeUnit.NANOSECONDS);
          }
        }
        return false;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return true;
      } finally {
        watcher.unwatch(fd, interest, token);
      }
    } finally {
      parked = null;
      descriptor.release();
    }
  }

  public void close() {
    descriptor.close();
    CountDownLatch waiting = parked;
    if (waiting != null) {
      waiting.countDown();
    }
  }

  @Override
  public String toString() {
    return descriptor + (keptReachable == null ? "" : " of " + keptReachable);
  }
}
