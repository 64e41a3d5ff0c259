package dev.procdesc.posix;

import com.kenai.jffi.MemoryIO;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.ConcurrentLinkedDeque;

/**
 * A block of memory outside the heap, for the structures that system calls read and write. Access
 * is through a bounds-checked buffer. Blocks are pooled: {@link #close()} gives one back.
 *
 * <p>Not zeroed: whoever borrows a block writes every field that it reads.
 */
public final class NativeMemory implements AutoCloseable {
  /** Enough for a spawn with an ordinary environment, and for a pipe's content. */
  public static final int SIZE = 64 * 1024;

  private static final int POOLED = 16;
  private static final ConcurrentLinkedDeque<NativeMemory> POOL = new ConcurrentLinkedDeque<>();

  private final long address;
  private final ByteBuffer bytes;

  private NativeMemory(int size) {
    this.address = MemoryIO.getInstance().allocateMemory(size, false);
    if (address == 0) {
      throw new OutOfMemoryError("no " + size + " bytes of native memory");
    }
    this.bytes =
        MemoryIO.getInstance().newDirectByteBuffer(address, size).order(ByteOrder.nativeOrder());
  }

  /** A block of {@link #SIZE} bytes. */
  public static NativeMemory borrow() {
    NativeMemory pooled = POOL.pollFirst();
    return pooled != null ? pooled : new NativeMemory(SIZE);
  }

  /** A block of at least {@link #SIZE} bytes. */
  public static NativeMemory borrow(int size) {
    return size <= SIZE ? borrow() : new NativeMemory(size);
  }

  /** A small block that is never given back, for structures that live as long as the JVM. */
  public static NativeMemory forever(int size) {
    return new NativeMemory(size);
  }

  /** A small block of its own, which its owner frees. */
  static NativeMemory unpooled(int size) {
    return new NativeMemory(size);
  }

  /** Frees an unpooled block. */
  void free() {
    MemoryIO.getInstance().freeMemory(address);
  }

  /** Where the block begins. */
  public long address() {
    return address;
  }

  /** The block, in native byte order. Use absolute access, or reset the position. */
  public ByteBuffer bytes() {
    return bytes;
  }

  @Override
  public void close() {
    bytes.clear();
    if (bytes.capacity() == SIZE && POOL.size() < POOLED) {
      POOL.addFirst(this);
    } else {
      MemoryIO.getInstance().freeMemory(address);
    }
  }
}
