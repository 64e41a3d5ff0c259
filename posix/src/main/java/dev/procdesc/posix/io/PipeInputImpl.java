package dev.procdesc.posix.io;

import dev.procdesc.IoMode;
import dev.procdesc.PipeInput;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.ffi.SystemNumbers;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The parent's end of a pipe from which it reads. A pipe at its end of file never gets a writer
 * again, so the descriptor is then closed before this object is; further reads return the end of
 * file all the same.
 */
public final class PipeInputImpl extends PipeInput implements PipeEnd {
  private final Kind kind;
  private final OwnedDescriptor descriptor;
  private final BlockingDescriptor end;
  private final Unread unread;
  private final Cleaner.Cleanable cleanup;
  private final HangupCheck hangup;
  private final StreamUse use = new StreamUse();
  private final Optional<TerminalEnd> terminalEnd;

  /**
   * Data that was read at the end of the child, when the descriptor was released. Guarded by the
   * lock of the end.
   */
  private ByteBuffer rest = ByteBuffer.allocate(0);

  /** Takes ownership of a non-blocking end of a pipe. */
  public PipeInputImpl(OwnedDescriptor fd, Watcher watcher) {
    this(fd, watcher, Kind.PIPE);
  }

  /** Takes ownership of a non-blocking descriptor. */
  public PipeInputImpl(OwnedDescriptor fd, Watcher watcher, Kind kind) {
    this.kind = kind;
    descriptor = fd;
    terminalEnd = kind == Kind.TERMINAL ? Optional.of(new TerminalEnd(fd)) : Optional.empty();
    end = new BlockingDescriptor(fd, EventQueue.Interest.READABLE, watcher, kind.subject());
    unread = new Unread(end.lock);
    cleanup = Unreachable.register(this, new Cleanup(fd, unread));
    hangup = new HangupCheck(this);
  }

  /** Returns a new stream over this pipe for {@link Process}, with another buffer. */
  public InputStream processStream() {
    return new BufferedInputStream(new ProcessInput(this));
  }

  /**
   * Returns the action at the end of the child, by which the descriptor of a terminal is closed
   * once its end of file was read; empty for a pipe, whose descriptor is closed at the end of file.
   * The action does not keep this object reachable.
   */
  public Optional<Runnable> releaseAtEnd() {
    return terminalEnd.isPresent() ? Optional.of(terminalEnd.get()::childEnded) : Optional.empty();
  }

  /** Returns whether no transfer can succeed any more. Called with the lock held. */
  private boolean hasEnded() {
    return end.isReleased() || (terminalEnd.isPresent() && terminalEnd.get().isReached());
  }

  /**
   * Releases the descriptor of a pipe that no process writes any more; what it contains remains
   * readable. Called at the end of a child whose user cannot close the pipe.
   */
  public void childEnded() {
    hangup.request();
  }

  /**
   * Reads to the end of file, which does not block because no process writes, and releases the
   * descriptor. Called with the lock held.
   */
  void drain() throws ClosedChannelException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    NativeMemory full = unread.buffer;
    if (full != null) {
      append(all, full, full.bytes().remaining());
    }
    try (NativeMemory memory = NativeMemory.borrow()) {
      while (true) {
        long count = end.attempt(new Read(kind, memory));
        if (count > 0) {
          append(all, memory, (int) count);
          memory.bytes().clear();
        } else if (count != -PosixNumbers.EINTR) {
          break;
        }
      }
    }
    rest = ByteBuffer.wrap(all.toByteArray());
    unread.drop();
    release();
  }

  /**
   * Closes the descriptor of a pipe at its end of file, unless its number has a user outside of
   * this library.
   */
  private void release() {
    if (descriptor.closeEarly()) {
      cleanup.clean();
    }
  }

  private static void append(ByteArrayOutputStream all, NativeMemory memory, int count) {
    byte[] part = new byte[count];
    memory.bytes().get(part);
    all.writeBytes(part);
  }

  /**
   * Data that was read but not yet returned. Apart from the pipe, so that its cleanup can free it.
   */
  private static final class Unread {
    private final ReentrantLock lock;

    /** Null if there is none. Guarded by the lock. */
    private @Nullable NativeMemory buffer;

    Unread(ReentrantLock lock) {
      this.lock = lock;
    }

    /** Releases the buffer. Called with the lock held. */
    void drop() {
      NativeMemory full = buffer;
      buffer = null;
      if (full != null) {
        full.close();
      }
    }

    /** Releases the buffer, unless a reader holds the lock, who releases the buffer later. */
    void tryDrop() {
      if (lock.tryLock()) {
        try {
          drop();
        } finally {
          lock.unlock();
        }
      }
    }
  }

  private record Cleanup(OwnedDescriptor descriptor, Unread unread) implements Runnable {
    @Override
    public void run() {
      descriptor.close();
      unread.tryDrop();
    }
  }

  @Override
  public BlockingDescriptor end() {
    return end;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, target.length);
    return read(ByteBuffer.wrap(target, offset, length));
  }

  @Override
  public int read(ByteBuffer target) throws IOException {
    if (!target.hasRemaining()) {
      end.check();
      return 0;
    }
    return read(target, Interrupts.END);
  }

  @Override
  public OptionalInt tryRead(ByteBuffer target) throws IOException {
    if (!target.hasRemaining()) {
      end.checkOpen();
      return OptionalInt.of(0);
    }
    use.beginTransfer();
    if (!end.lock.tryLock()) {
      use.endTransfer();
      end.checkOpen();
      return OptionalInt.empty(); // Another thread gets what comes next.
    }
    try {
      end.checkOpen();
      if (unread.buffer == null && !hasEnded()) {
        long outcome = fillAvailable();
        if (outcome == -SystemNumbers.posix().eagain()) {
          return OptionalInt.empty();
        }
        check(outcome);
      }
      return OptionalInt.of(take(target));
    } finally {
      leave();
    }
  }

  private void check(long outcome) throws ProcessDescriptorException {
    if (outcome < 0) {
      throw Errors.failed("read", kind.subject(), outcome);
    }
  }

  @Override
  public OptionalInt read(ByteBuffer target, Duration timeout) throws IOException {
    Deadline deadline = Deadline.in(timeout);
    if (!target.hasRemaining()) {
      end.check();
      return OptionalInt.of(0);
    }
    if (!enter(deadline)) {
      return OptionalInt.empty();
    }
    try {
      boolean filled = unread.buffer != null || hasEnded() || fill(deadline, Interrupts.END) >= 0;
      return filled ? OptionalInt.of(take(target)) : OptionalInt.empty();
    } finally {
      leave();
    }
  }

  /** Reads at least one byte into a buffer with room; returns -1 at the end of file. */
  int read(ByteBuffer target, Interrupts interrupts) throws IOException {
    enter(interrupts);
    try {
      if (unread.buffer == null && !hasEnded()) {
        fill(Deadline.NONE, interrupts);
      }
      return take(target);
    } finally {
      leave();
    }
  }

  /**
   * Copies bytes that were read; returns their number, or -1 if there are none, because the end of
   * file is reached.
   */
  private int take(ByteBuffer target) {
    NativeMemory full = unread.buffer;
    if (full == null) {
      return rest.hasRemaining() ? move(rest, target) : -1;
    }
    int count = move(full.bytes(), target);
    if (!full.bytes().hasRemaining()) {
      unread.drop();
    }
    return count;
  }

  /** Copies as many bytes as possible; returns their number. */
  private static int move(ByteBuffer source, ByteBuffer target) {
    int count = Math.min(source.remaining(), target.remaining());
    target.put(source.slice(source.position(), count));
    source.position(source.position() + count);
    return count;
  }

  /**
   * Reads the available data, waiting for at least one byte.
   *
   * @return the number of bytes, 0 at the end of file, or {@code -EAGAIN} after the deadline
   */
  private long fill(Deadline deadline, Interrupts interrupts) throws IOException {
    NativeMemory memory = NativeMemory.borrow();
    long count = -1;
    try {
      count = end.transfer("read", new Read(kind, memory), deadline, interrupts);
    } finally {
      keep(memory, count);
    }
    return count;
  }

  /**
   * Retains a block that contains data; returns an empty one to the pool.
   *
   * @param count the result of the read; 0 at the end of file, which releases the descriptor of a
   *     pipe
   */
  private void keep(NativeMemory memory, long count) {
    if (count > 0) {
      memory.bytes().position(0).limit((int) count);
      unread.buffer = memory;
    } else {
      memory.close();
      if (count == 0) {
        if (terminalEnd.isPresent()) {
          terminalEnd.get().reached();
        } else {
          release();
        }
      }
    }
  }

  /**
   * Returns the number of bytes that can be read without blocking.
   *
   * @return 0 while another thread reads, and at the end of file
   */
  @Override
  public int available() throws IOException {
    if (!end.isOpen()) {
      throw new ClosedChannelException();
    }
    use.beginTransfer();
    if (!end.lock.tryLock()) {
      use.endTransfer();
      return 0;
    }
    try {
      if (unread.buffer == null && !hasEnded()) {
        fillAvailable();
      }
      NativeMemory full = unread.buffer;
      return full == null ? rest.remaining() : full.bytes().remaining();
    } finally {
      leave();
    }
  }

  /** Acquires the lock, or releases the buffer if an interrupt closes the pipe. */
  private void enter(Interrupts interrupts) throws IOException {
    use.beginTransfer();
    try {
      end.enter(interrupts);
    } catch (ClosedChannelException e) {
      use.endTransfer();
      dropIfClosed();
      throw e;
    }
  }

  /**
   * Acquires the lock before a deadline, or releases the buffer if an interrupt closes the pipe.
   *
   * @return whether the lock was acquired
   */
  private boolean enter(Deadline deadline) throws IOException {
    use.beginTransfer();
    boolean entered = false;
    try {
      entered = end.enter(deadline);
      return entered;
    } catch (ClosedChannelException e) {
      dropIfClosed();
      throw e;
    } finally {
      if (!entered) {
        use.endTransfer();
      }
    }
  }

  /** Releases the lock, and the buffer if another thread closed the pipe meanwhile. */
  private void leave() {
    use.endTransfer();
    unlock();
  }

  void unlock() {
    try {
      end.lock.unlock();
      dropIfClosed();
      hangup.makeIfDue();
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  @Override
  public Flow.Publisher<ByteBuffer> publisher(Executor executor) {
    return new PipePublisher(this, executor);
  }

  StreamUse use() {
    return use;
  }

  /** The content of a pipe at an attempt to read. */
  enum Content {
    BYTES,
    NONE,
    END_OF_FILE
  }

  /**
   * Reads for a stream, without waiting.
   *
   * @param consumer called with the bytes if there are any, without a lock; the buffer is valid
   *     during the call only
   */
  Content tryRead(Consumer<ByteBuffer> consumer) throws IOException {
    NativeMemory taken;
    ByteBuffer bytes;
    end.lock.lock();
    try {
      end.checkOpen();
      if (unread.buffer == null && !hasEnded()) {
        long outcome = fillAvailable();
        if (outcome == -SystemNumbers.posix().eagain()) {
          return Content.NONE;
        }
        check(outcome);
      }
      taken = unread.buffer;
      unread.buffer = null;
      bytes = taken == null ? rest.slice() : taken.bytes();
      if (taken == null) {
        rest.position(rest.limit());
      }
    } finally {
      unlock();
    }
    if (!bytes.hasRemaining()) {
      return Content.END_OF_FILE;
    }
    try {
      consumer.accept(bytes);
    } finally {
      if (taken != null) {
        taken.close();
      }
    }
    return Content.BYTES;
  }

  /** Reads the available data without waiting; returns the result of the call. */
  private long fillAvailable() throws ClosedChannelException {
    NativeMemory memory = NativeMemory.borrow();
    long count = -1;
    try {
      do {
        count = end.attempt(new Read(kind, memory));
      } while (count == -PosixNumbers.EINTR);
    } finally {
      keep(memory, count);
    }
    return count;
  }

  /**
   * Begins the transfer of this end to another child.
   *
   * @throws IllegalStateException if this end has another user, or bytes were read but not returned
   * @throws ClosedChannelException if this pipe is closed
   */
  public PipeHandover handover() throws ClosedChannelException {
    if (kind != Kind.PIPE) {
      throw new IllegalStateException(
          "a " + kind.subject() + " is not a pipe, which another child can get");
    }
    reserve();
    boolean begun = false;
    end.lock.lock();
    try {
      end.checkOpen();
      checkNothingAhead("another child");
      PipeHandover handover = new PipeHandover(
          this, use, end.isReleased() ? Optional.empty() : Optional.of(end.lend()));
      begun = true;
      return handover;
    } finally {
      if (!begun) {
        use.endStream();
      }
      unlock();
    }
  }

  /** Reserves this end, as a stream does, for the time in which it is given away. */
  void reserve() {
    if (!use.beginStream()) {
      throw new IllegalStateException("the pipe is read by a thread or a Flow subscription");
    }
  }

  void checkNothingAhead(String receiver) {
    if (unread.buffer != null || rest.hasRemaining()) {
      throw new IllegalStateException(
          "the pipe has bytes that were read ahead, which " + receiver + " cannot get");
    }
  }

  @Override
  public int fd() {
    return end.publish("the end of file was read, or the child has ended");
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
        checkNothingAhead("the new owner of the descriptor");
        int fd = Detached.of(end, Detached.Direction.INPUT, mode);
        cleanup.clean();
        return fd;
      } finally {
        unlock();
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

  private void dropIfClosed() {
    if (!end.isOpen()) {
      unread.tryDrop();
    }
  }

  @Override
  public void close() {
    end.close();
    cleanup.clean();
    dropIfClosed();
  }

  @Override
  public String toString() {
    return "input from " + end;
  }
}
