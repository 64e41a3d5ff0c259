package dev.procdesc.posix.io;

import dev.procdesc.PipeInput;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.ffi.PosixNumbers;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The parent's reading end of a pipe. */
public final class PipeInputImpl extends PipeInput {
  private final BlockingDescriptor end;

  /** What was read and not yet asked for; guarded by the end's lock. Absent when empty. */
  private @Nullable NativeMemory buffer;

  private PipeInputImpl(BlockingDescriptor end) {
    this.end = end;
  }

  /** Takes ownership of a non-blocking descriptor. */
  public static PipeInputImpl take(OwnedDescriptor fd, PosixNumbers numbers, Watcher watcher) {
    return new PipeInputImpl(
        new BlockingDescriptor(fd, EventQueue.Interest.READABLE, numbers, watcher));
  }

  public void keepReachable(Object owner) {
    end.keepReachable(owner);
  }

  @Override
  public boolean isOpen() {
    return end.isOpen();
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
      return 0;
    }
    end.lock.lock();
    try {
      if (!end.isOpen()) {
        throw new ClosedChannelException();
      }
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

  /** Reads as much as is there, at least a byte; nothing at the end of file. */
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

  /** Keeps a block that something was read into, gives back one that nothing was. */
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

  /** What can be read without waiting; 0 while another thread reads, and at the end of file. */
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

  /** Whoever closes while a thread is at work here leaves the buffer to that thread. */
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
