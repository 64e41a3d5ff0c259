package dev.procdesc.posix.io;

import dev.procdesc.posix.ffi.Descriptors;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.ffi.Pool;
import dev.procdesc.posix.ffi.Pooling;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.ffi.SystemNumbers;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.spi.AbstractInterruptibleChannel;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A wait in the kernel for one descriptor that an interrupt or a close ends: a {@code poll} on the
 * descriptor and on a private pipe. Only platform threads use it; a virtual thread would pin its
 * carrier.
 *
 * <p>The alternative, parking until the watcher thread reports, costs a switch between threads of
 * tens of microseconds, which is a tenth of a whole spawn.
 */
public final class InterruptiblePoll {
  /** The outcome of a wait. */
  public enum Result {
    /** The descriptor has one of the events. */
    READY,
    /** The time limit was exceeded. */
    TIMED_OUT,
    /** The descriptor was closed, or the waiter is to check its condition again. */
    WOKEN,
    /** The thread was interrupted; its interrupt status remains set. */
    INTERRUPTED
  }

  /** A user of a descriptor whose wait can become pointless. */
  public interface Waiter {
    /** Returns whether there is nothing to wait for any more. */
    boolean isAbandoned();
  }

  private static final int MAX_LASTING = 8;
  private static final AtomicInteger LASTING = new AtomicInteger();
  private static final Pool<InterruptiblePoll> POOL = new Pool<>(MAX_LASTING);

  /** All objects that are not freed; those in the pool wait for nothing at the moment. */
  private static final Set<InterruptiblePoll> ALL = ConcurrentHashMap.newKeySet();

  /** Set when the JVM has begun to exit: see {@link Watcher}. */
  private static volatile boolean exiting;

  private final int readEnd;
  private final int writeEnd;
  private final NativeMemory memory;
  private final boolean lasting;
  private boolean woken;

  InterruptiblePoll() throws IOException {
    int[] ends = new int[2];
    int outcome = Descriptors.pipe(
        ends, SystemNumbers.posix().oCloexec() | SystemNumbers.posix().oNonblock());
    if (outcome < 0) {
      throw Errors.failed("pipe2", "to wake a waiting thread", outcome);
    }
    lasting = isOneOfFew();
    readEnd = ends[0];
    writeEnd = ends[1];
    memory = NativeMemory.unpooled(64);
    ALL.add(this); // Before the flag is read, so that a change of it wakes the first wait.
  }

  /** Counts a lasting object; returns false if there are enough. */
  private static boolean isOneOfFew() {
    int count = LASTING.get();
    while (count < MAX_LASTING && !LASTING.compareAndSet(count, count + 1)) {
      count = LASTING.get();
    }
    return count < MAX_LASTING;
  }

  /**
   * Waits until the descriptor has one of the events.
   *
   * @param events the events of {@code poll(2)}
   * @param timeoutNanos the time limit; {@link Long#MAX_VALUE} for none
   * @param waiter queried once, when {@link OwnedDescriptor#wakeWaiting} can end the wait
   * @throws dev.procdesc.ClosedDescriptorException if the descriptor is already closed
   * @throws IOException if no pipe can be created
   */
  public static Result await(
      OwnedDescriptor descriptor, int events, long timeoutNanos, Waiter waiter) throws IOException {
    return await(descriptor, events, timeoutNanos, waiter, Interrupts.END);
  }

  /** Waits as the other method; an interrupt has the given effect. */
  static Result await(
      OwnedDescriptor descriptor,
      int events,
      long timeoutNanos,
      Waiter waiter,
      Interrupts interrupts)
      throws IOException {
    // The loan comes first: nothing must be allocated if the descriptor is closed.
    try (OwnedDescriptor.Loan loan = descriptor.lend()) {
      InterruptiblePoll pooled = POOL.take();
      InterruptiblePoll wake = pooled != null ? pooled : new InterruptiblePoll();
      descriptor.addWaiting(wake);
      try {
        return waiter.isAbandoned()
            ? Result.WOKEN
            : wake.poll(interrupts, loan.fd(), events, timeoutNanos);
      } finally {
        descriptor.removeWaiting(wake);
        wake.drain();
        wake.giveBack();
      }
    }
  }

  /**
   * Returns this to the pool, whose size is limited so that a burst of waiters leaves few pipes.
   */
  private void giveBack() {
    if (!lasting || !Pooling.isOn()) {
      free();
      return;
    }
    POOL.put(this); // It has room for all lasting ones.
    if (!Pooling.isOn()) {
      closeUnused();
    }
  }

  /**
   * Closes the pipe. The shutdown hook, and from JDK 25 on a thread that interrupts the waiter, may
   * call {@link #wake} afterwards. That call must not use the numbers, which may be those of other
   * files.
   */
  synchronized void free() {
    ALL.remove(this);
    woken = true;
    if (lasting) {
      LASTING.decrementAndGet();
    }
    LibC.close(readEnd);
    LibC.close(writeEnd);
    memory.free();
  }

  /** Closes the pipes in the pool. */
  static void closeUnused() {
    InterruptiblePoll unused = POOL.take();
    while (unused != null) {
      unused.free();
      unused = POOL.take();
    }
  }

  /** Makes all waits, present and future ones, wait in Java because the JVM exits. */
  static void prepareForExit() {
    exiting = true;
    for (InterruptiblePoll wait : ALL) {
      wait.wake();
    }
  }

  private int poll(int millis, long timeoutNanos) {
    return exiting
        ? pollExiting(Deadline.in(timeoutNanos))
        : LibC.poll(memory.address(), 2, millis);
  }

  private Result poll(Interrupts interrupts, int fd, int events, long timeoutNanos) {
    int second = Descriptors.POLLFD_SIZE;
    memory.bytes().putInt(0, fd).putShort(Descriptors.POLLFD_EVENTS, (short) events);
    memory.bytes().putInt(second, readEnd).putShort(second + Descriptors.POLLFD_EVENTS, (short)
        PosixNumbers.POLLIN);
    // Rounded up, so that a wait never ends early. The caller repeats a wait that exceeds an int.
    long whole = timeoutNanos <= 0 ? 0 : (timeoutNanos - 1) / 1_000_000 + 1;
    int millis = timeoutNanos == Long.MAX_VALUE ? -1 : (int) Math.min(Integer.MAX_VALUE, whole);
    int outcome;
    if (interrupts == Interrupts.IGNORE) {
      outcome = poll(millis, timeoutNanos);
    } else {
      InterruptTrap trap = new InterruptTrap(this);
      trap.enter();
      outcome = poll(millis, timeoutNanos);
      if (trap.leave()) {
        return Result.INTERRUPTED;
      }
    }
    if (outcome == 0) {
      return Result.TIMED_OUT;
    }
    return outcome > 0 && memory.bytes().getShort(Descriptors.POLLFD_REVENTS) != 0
        ? Result.READY
        : Result.WOKEN;
  }

  /** Polls repeatedly, and waits in Java in between. */
  private int pollExiting(Deadline deadline) {
    int outcome = LibC.poll(memory.address(), 2, 0);
    while (outcome == 0 && !deadline.isOver()) {
      Threads.pause(Math.min(deadline.left(), Watcher.EXIT_NANOS));
      outcome = LibC.poll(memory.address(), 2, 0);
    }
    return outcome;
  }

  /** Ends the current wait, or the next one. Does nothing after {@link #free}. */
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

  /** Converts an interrupt into a wake-up, through the mechanism of interruptible channels. */
  private static final class InterruptTrap extends AbstractInterruptibleChannel {
    private final InterruptiblePoll wake;

    InterruptTrap(InterruptiblePoll wake) {
      this.wake = wake;
    }

    void enter() {
      begin();
    }

    /** Returns whether this thread was interrupted meanwhile. Its interrupt status remains set. */
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
