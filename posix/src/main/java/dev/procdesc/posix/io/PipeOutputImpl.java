package dev.procdesc.posix.io;

import dev.procdesc.ClosedDescriptorException;
import dev.procdesc.IoMode;
import dev.procdesc.PipeOutput;
import dev.procdesc.PipeSubscriber;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.posix.ffi.Descriptors;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.ffi.SystemNumbers;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The parent's end of a pipe to which it writes. A pipe without a reader never gets one again, so
 * the descriptor is then closed before this object is; further writes fail with EPIPE all the same.
 */
public final class PipeOutputImpl extends PipeOutput implements PipeEnd {
  private final Kind kind;
  private final BlockingDescriptor end;
  private final OwnedDescriptor descriptor;
  private final Cleaner.Cleanable cleanup;
  private final StreamUse use = new StreamUse();

  /** Takes ownership of a non-blocking end of a pipe. */
  public PipeOutputImpl(OwnedDescriptor fd, Watcher watcher) {
    this(fd, watcher, Kind.PIPE);
  }

  /** Takes ownership of a non-blocking descriptor. */
  public PipeOutputImpl(OwnedDescriptor fd, Watcher watcher, Kind kind) {
    this.kind = kind;
    end = new BlockingDescriptor(fd, EventQueue.Interest.WRITABLE, watcher, kind.subject());
    descriptor = fd;
    cleanup = Unreachable.register(this, new Closing(fd));
  }

  /**
   * Returns a task that closes the descriptor if the pipe has no reader. The task does not keep
   * this object reachable.
   */
  public Runnable releaseWithoutReader() {
    return new Release(descriptor, end.lock);
  }

  private record Closing(OwnedDescriptor descriptor) implements Runnable {
    @Override
    public void run() {
      descriptor.close();
    }
  }

  private record Release(OwnedDescriptor descriptor, ReentrantLock lock) implements Runnable {
    @Override
    public void run() {
      // A writer that is active detects the missing reader itself.
      if (!lock.tryLock()) {
        return;
      }
      try (OwnedDescriptor.Loan loan = descriptor.lend()) {
        int events = Descriptors.poll(loan.fd(), PosixNumbers.POLLOUT, 0);
        // Linux reports a missing reader by POLLERR, FreeBSD by POLLHUP.
        if (events > 0 && (events & ~PosixNumbers.POLLOUT) != 0) {
          descriptor.closeEarly();
        }
      } catch (ClosedDescriptorException e) {
        return; // The application closed it.
      } finally {
        lock.unlock();
      }
    }
  }

  /** Returns a new, buffered stream over this pipe for {@link Process}. */
  public OutputStream processStream() {
    return new BufferedOutputStream(new ProcessOutput(this));
  }

  @Override
  public BlockingDescriptor end() {
    return end;
  }

  @Override
  public void write(int value) throws IOException {
    write(new byte[] {(byte) value}, 0, 1);
  }

  @Override
  public void write(byte[] source, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, source.length);
    write(ByteBuffer.wrap(source, offset, length));
  }

  @Override
  public int write(ByteBuffer source) throws IOException {
    if (!source.hasRemaining()) {
      end.check();
      return 0;
    }
    return write(source, Interrupts.END);
  }

  /** Writes all of a buffer that is not empty; returns the number of bytes. */
  int write(ByteBuffer source, Interrupts interrupts) throws IOException {
    use.beginTransfer();
    try {
      end.enter(interrupts);
      return writeAll(source, Deadline.NONE, interrupts);
    } finally {
      use.endTransfer();
    }
  }

  @Override
  public int write(ByteBuffer source, Duration timeout) throws IOException {
    Deadline deadline = Deadline.in(timeout);
    if (!source.hasRemaining()) {
      end.check();
      return 0;
    }
    use.beginTransfer();
    try {
      return end.enter(deadline) ? writeAll(source, deadline, Interrupts.END) : 0;
    } finally {
      use.endTransfer();
    }
  }

  /**
   * Writes a buffer until the deadline, and releases the lock, which is held.
   *
   * @return the number of bytes
   */
  private int writeAll(ByteBuffer source, Deadline deadline, Interrupts interrupts)
      throws IOException {
    int before = source.remaining();
    try (NativeMemory memory = NativeMemory.borrow()) {
      if (end.isReleased()) {
        throw Errors.failed("write", kind.subject(), -PosixNumbers.EPIPE);
      }
      ByteBuffer bytes = memory.bytes();
      while (source.hasRemaining()) {
        int count = Math.min(source.remaining(), NativeMemory.SIZE);
        bytes.clear();
        ByteBuffer part = source.slice(source.position(), count);
        bytes.put(part);
        int done = 0;
        boolean inTime = true;
        while (done < count && inTime) {
          long outcome = end.transfer(
              "write",
              new Write(kind, memory.address() + done, count - done),
              deadline,
              interrupts);
          inTime = outcome >= 0;
          done += inTime ? (int) outcome : 0;
        }
        source.position(source.position() + done);
        if (!inTime) {
          break;
        }
      }
      return before - source.remaining();
    } catch (ProcessDescriptorException e) {
      releaseAfter(e);
      throw e;
    } finally {
      end.lock.unlock();
      Reference.reachabilityFence(this);
    }
  }

  /** Closes the descriptor after the error of a pipe that has no reader. */
  private void releaseAfter(ProcessDescriptorException failure) {
    // A child without a terminal may still run, and the last close of the master would hang it up.
    if (failure.errno() == PosixNumbers.EPIPE && kind != Kind.TERMINAL && descriptor.closeEarly()) {
      cleanup.clean();
    }
  }

  @Override
  public int tryWrite(ByteBuffer source) throws IOException {
    use.beginTransfer();
    try {
      if (!end.lock.tryLock()) {
        end.checkOpen();
        return 0; // Another thread writes first.
      }
      int before = source.remaining();
      try {
        push(source);
      } catch (ProcessDescriptorException e) {
        releaseAfter(e);
        throw e;
      } finally {
        end.lock.unlock();
      }
      return before - source.remaining();
    } finally {
      use.endTransfer();
    }
  }

  @Override
  public PipeSubscriber subscriber(Executor executor) {
    return new PipeWriter(this, executor);
  }

  StreamUse use() {
    return use;
  }

  /**
   * Writes as much of a buffer as there is room for, without waiting.
   *
   * @return whether all of the buffer is written
   */
  boolean push(ByteBuffer source) throws IOException {
    end.lock.lock();
    try (NativeMemory memory = NativeMemory.borrow()) {
      end.checkOpen();
      while (source.hasRemaining()) {
        int count = Math.min(source.remaining(), NativeMemory.SIZE);
        memory.bytes().clear().put(source.slice(source.position(), count));
        long outcome = end.isReleased()
            ? -PosixNumbers.EPIPE
            : end.attempt(new Write(kind, memory.address(), count));
        if (outcome == -SystemNumbers.posix().eagain()) {
          return false;
        }
        if (outcome >= 0) {
          source.position(source.position() + (int) outcome);
        } else if (outcome != -PosixNumbers.EINTR) {
          throw Errors.failed("write", kind.subject(), outcome);
        }
      }
      return true;
    } finally {
      end.lock.unlock();
      Reference.reachabilityFence(this);
    }
  }

  /**
   * Begins the transfer of this end to another child.
   *
   * @throws IllegalStateException if this end has another user
   * @throws IOException EPIPE if no process reads this pipe; otherwise, if this pipe is closed
   */
  public PipeHandover handover() throws IOException {
    if (kind != Kind.PIPE) {
      throw new IllegalStateException(
          "a " + kind.subject() + " is not a pipe, which another child can get");
    }
    reserve();
    boolean begun = false;
    end.lock.lock();
    try {
      end.checkOpen();
      if (end.isReleased()) {
        throw Errors.failed("write", "pipe", -PosixNumbers.EPIPE);
      }
      PipeHandover handover = new PipeHandover(this, use, Optional.of(end.lend()));
      begun = true;
      return handover;
    } finally {
      if (!begun) {
        use.endStream();
      }
      end.lock.unlock();
    }
  }

  /** Reserves this end, as a stream does, for the time in which it is given away. */
  void reserve() {
    if (!use.beginStream()) {
      throw new IllegalStateException("the pipe is written by a thread or a Flow subscription");
    }
  }

  @Override
  public int fd() {
    return end.publish("no process reads it");
  }

  @Override
  public int detach(IoMode mode) throws IOException {
    Objects.requireNonNull(mode, "mode");
    Detached.checkWhole(kind);
    reserve();
    try {
      end.lock.lock();
      try {
        end.checkOpen();
        int fd = Detached.of(end, Detached.Direction.OUTPUT, mode);
        cleanup.clean();
        return fd;
      } finally {
        end.lock.unlock();
        Reference.reachabilityFence(this);
      }
    } finally {
      use.endStream();
    }
  }

  /** Cancels the cleanup after the descriptor was given away. */
  void cancelCleanup() {
    cleanup.clean();
  }

  @Override
  public void giveUp() {
    close();
  }

  @Override
  public void close() {
    end.close();
    cleanup.clean();
  }

  @Override
  public String toString() {
    return "output to " + end;
  }
}
