package dev.procdesc.posix.io;

import dev.procdesc.PipeInput;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeMemory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The parent's end of a pipe from which it reads. */
public final class PipeInputImpl extends PipeInput implements PipeEnd {
  private final BlockingDescriptor end;

  /** Data that was read but not yet returned; null if none. Guarded by the lock of the end. */
  private @Nullable NativeMemory buffer;

  /** Takes ownership of a non-blocking descriptor. */
  public PipeInputImpl(OwnedDescriptor fd, Watcher watcher) {
    end = new BlockingDescriptor(fd, EventQueue.Interest.READABLE, watcher);
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
    enter();
    try {
      NativeMemory full = buffer;
      if (full == null) {
        full = fill();
        if (full == null) {
          return -1;
        }
      }
      ByteBuffer bytes = full.bytes();
      int count = Math.min(bytes.remaining(), target.remaining());
      ByteBuffer part = bytes.slice(bytes.position(), count);
      target.put(part);
      bytes.position(bytes.position() + count);
      if (!bytes.hasRemaining()) {
        dropBuffer();
      }
      return count;
    } finally {
      leave();
    }
  }

  /** Reads the available data, waiting for at least one byte; returns null at the end of file. */
  private @Nullable NativeMemory fill() throws IOException {
    NativeMemory memory = NativeMemory.borrow();
    long count = 0;
    try {
      count = end.transfer("read", fd -> LibC.read(fd, memory.address(), NativeMemory.SIZE));
    } finally {
      keep(memory, count);
    }
    return buffer;
  }

  /** Retains a block that contains data; returns an empty one to the pool. */
  private void keep(NativeMemory memory, long count) {
    if (count > 0) {
      memory.bytes().position(0).limit((int) count);
      buffer = memory;
    } else {
      memory.close();
    }
  }

  private void dropBuffer() {
    NativeMemory full = buffer;
    buffer = null;
    if (full != null) {
      full.close();
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
    if (!end.lock.tryLock()) {
      return 0;
    }
    try {
      if (buffer == null) {
        NativeMemory memory = NativeMemory.borrow();
        keep(memory, end.attempt(fd -> LibC.read(fd, memory.address(), NativeMemory.SIZE)));
      }
      NativeMemory full = buffer;
      return full == null ? 0 : full.bytes().remaining();
    } finally {
      leave();
    }
  }

  /** Acquires the lock, or releases the buffer if an interrupt closes the pipe. */
  private void enter() throws IOException {
    try {
      end.enter();
    } catch (ClosedChannelException e) {
      dropIfClosed();
      throw e;
    }
  }

  /** Releases the lock, and the buffer if another thread closed the pipe meanwhile. */
  private void leave() {
    end.lock.unlock();
    dropIfClosed();
  }

  private void dropIfClosed() {
    if (!end.isOpen() && end.lock.tryLock()) {
      try {
        dropBuffer();
      } finally {
        end.lock.unlock();
      }
    }
  }

  @Override
  public void close() {
    end.close();
    dropIfClosed();
  }

  @Override
  public String toString() {
    return "input from " + end;
  }
}
