package dev.procdesc.posix.io;

import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.ffi.PosixNumbers;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.spi.AbstractInterruptibleChannel;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Waiting in the kernel for one descriptor, in a way that an interrupt or a close ends: a poll on
 * the descriptor and on a pipe of our own. Only platform threads wait so; a virtual thread would
 * hold its carrier.
 *
 * <p>The alternative, parking until the watcher thread reports, costs a hand-over between threads
 * of tens of microseconds, which is a tenth of a whole spawn.
 */
public final class InterruptiblePoll {
  /** How a wait ended. */
  public enum Result {
    READY,
    TIMED_OUT,
    WOKEN,
    INTERRUPTED
  }

  private static final int POLLFD_SIZE = 8;
  private static final int MAX_LASTING = 8;
  private static final AtomicInteger LASTING = new AtomicInteger();
  private static final ConcurrentLinkedDeque<InterruptiblePoll> POOL =
      new ConcurrentLinkedDeque<>();

  private final int readEnd;
  private final int writeEnd;
  private final NativeMemory memory = NativeMemory.unpooled(64);
  private final boolean lasting;
  private boolean woken;

  private InterruptiblePoll(PosixNumbers numbers) throws IOException {
    int outcome = LibC.pipe2(memory.address(), numbers.oCloexec() | numbers.oNonblock());
    if (outcome < 0) {
      throw Errors.failed("pipe2", "to wake a waiting thread", outcome);
    }
    lasting = LASTING.getAndUpdate(count -> Math.min(count + 1, MAX_LASTING)) < MAX_LASTING;
    readEnd = memory.bytes().getInt(0);
    writeEnd = memory.bytes().getInt(4);
  }

  /**
   * Waits until the descriptor has one of the events, for at most a time.
   *
   * @param timeoutNanos {@link Long#MAX_VALUE} for no limit
   */
  public static Result await(
      OwnedDescriptor descriptor, int events, long timeoutNanos, PosixNumbers numbers)
      throws IOException {
    // First of all: if the descriptor is closed, nothing must have been taken.
    int fd = descriptor.acquire();
    InterruptiblePoll wake;
    try {
      InterruptiblePoll pooled = POOL.pollFirst();
      wake = pooled != null ? pooled : new InterruptiblePoll(numbers);
    } catch (IOException | RuntimeException | Error e) {
      descriptor.release();
      throw e;
    }
    descriptor.addWaiting(wake);
    InterruptTrap trap = new InterruptTrap(wake);
    try {
      return wake.poll(trap, fd, events, timeoutNanos);
    } finally {
      descriptor.removeWaiting(wake);
      descriptor.release();
      wake.drain();
      wake.giveBack();
    }
  }

  /** Keeps a few for the next waits; a burst of waiters must not leave its descriptors behind. */
  private void giveBack() {
    if (lasting) {
      POOL.addFirst(this);
    } else {
      LibC.close(readEnd);
      LibC.close(writeEnd);
      memory.free();
    }
  }

  private Result poll(InterruptTrap trap, int fd, int events, long timeoutNanos) {
    memory.bytes().putInt(0, fd).putInt(4, events);
    memory.bytes().putInt(POLLFD_SIZE, readEnd).putInt(POLLFD_SIZE + 4, PosixNumbers.POLLIN);
    // Rounded up, so that a wait never ends before its time; longer ones go round the caller's
    // loop.
    int millis = timeoutNanos == Long.MAX_VALUE
        ? -1
        : (int) Math.min(Integer.MAX_VALUE, (Math.max(0, timeoutNanos) + 999_999) / 1_000_000);
    trap.enter();
    int outcome = LibC.poll(memory.address(), 2, millis);
    boolean interrupted = trap.leave();
    if (interrupted) {
      return Result.INTERRUPTED;
    }
    if (outcome == 0) {
      return Result.TIMED_OUT;
    }
    // The kernel puts revents into the upper half of the word that holds events.
    return outcome > 0 && memory.bytes().getInt(4) >>> 16 != 0 ? Result.READY : Result.WOKEN;
  }

  synchronized void wake() {
    if (!woken) {
      woken = true;
      LibC.write(writeEnd, memory.address() + 32, 1);
    }
  }

  private synchronized void drain() {
    if (woken) {
      woken = false;
      LibC.read(readEnd, memory.address() + 32, 1);
    }
  }

  /** Turns an interrupt into a wake-up, by the means that the platform has for channels. */
  private static final class InterruptTrap extends AbstractInterruptibleChannel {
    private final InterruptiblePoll wake;

    InterruptTrap(InterruptiblePoll wake) {
      this.wake = wake;
    }

    void enter() {
      begin();
    }

    /** Whether this thread was interrupted meanwhile. Its interrupt status stays set. */
    boolean leave() {
      try {
        end(true);
        return false;
      } catch (ClosedByInterruptException e) {
        return true;
      } catch (IOException e) {
        throw new AssertionError("only an interrupt closes the trap", e);
      }
    }

    @Override
    protected void implCloseChannel() {
      wake.wake();
    }
  }
}
