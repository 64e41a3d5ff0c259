package dev.procdesc.posix.io;

import dev.procdesc.PipeOutput;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeMemory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Objects;

/** The parent's end of a pipe to which it writes. */
public final class PipeOutputImpl extends PipeOutput implements PipeEnd {
  private final BlockingDescriptor end;

  /** Takes ownership of a non-blocking descriptor. */
  public PipeOutputImpl(OwnedDescriptor fd, Watcher watcher) {
    end = new BlockingDescriptor(fd, EventQueue.Interest.WRITABLE, watcher);
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
    int total = source.remaining();
    if (total == 0) {
      end.check();
      return 0;
    }
    end.enter();
    try (NativeMemory memory = NativeMemory.borrow()) {
      ByteBuffer bytes = memory.bytes();
      while (source.hasRemaining()) {
        int count = Math.min(source.remaining(), NativeMemory.SIZE);
        bytes.clear();
        ByteBuffer part = source.slice(source.position(), count);
        bytes.put(part);
        int done = 0;
        while (done < count) {
          int from = done;
          done += (int)
              end.transfer("write", fd -> LibC.write(fd, memory.address() + from, count - from));
        }
        source.position(source.position() + count);
      }
      return total;
    } finally {
      end.lock.unlock();
    }
  }

  @Override
  public void close() {
    end.close();
  }

  @Override
  public String toString() {
    return "output to " + end;
  }
}
