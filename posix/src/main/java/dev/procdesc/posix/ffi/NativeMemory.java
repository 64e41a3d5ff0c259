package dev.procdesc.posix.ffi;

import com.kenai.jffi.MemoryIO;
import dev.procdesc.ProcessDescriptorException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.util.List;

/**
 * A block of memory outside the heap, for the structures that system calls read and write. Access
 * is through a bounds-checked buffer. Blocks are pooled: {@link #close()} returns one to the pool.
 *
 * <p>A block is not zeroed: the borrower writes every field before it reads it.
 */
public final class NativeMemory implements AutoCloseable {
  /** The size of a pooled block: enough for a typical spawn and for the content of a pipe. */
  public static final int SIZE = 64 * 1024;

  private static final int POOLED = 16;
  private static final Pool<NativeMemory> POOL = new Pool<>(POOLED);
  private static final Pool<NativeMemory> SHARED = new Pool<>(POOLED);

  private final long address;
  private final ByteBuffer bytes;
  private final LongBuffer words;
  private final boolean shared;
  private final boolean pooled;

  private NativeMemory(int size) {
    this(size, allocate(size), false, size == SIZE);
  }

  private NativeMemory(int size, long address, boolean shared, boolean pooled) {
    this.address = address;
    this.bytes =
        MemoryIO.getInstance().newDirectByteBuffer(address, size).order(ByteOrder.nativeOrder());
    this.words = bytes.asLongBuffer();
    this.shared = shared;
    this.pooled = pooled;
  }

  private static long allocate(int size) {
    long address = MemoryIO.getInstance().allocateMemory(size, false);
    if (address == 0) {
      throw new OutOfMemoryError("no " + size + " bytes of native memory");
    }
    return address;
  }

  /** Borrows a block of {@link #SIZE} bytes. */
  public static NativeMemory borrow() {
    NativeMemory pooled = POOL.take();
    return pooled != null ? pooled : new NativeMemory(SIZE);
  }

  /** Borrows a block of at least {@link #SIZE} bytes. */
  public static NativeMemory borrow(int size) {
    return size <= SIZE ? borrow() : new NativeMemory(size);
  }

  /**
   * Borrows a block of at least {@link #SIZE} bytes in a separate shared mapping, so that forked
   * children and this process see each other's writes.
   */
  static NativeMemory borrowShared(int size) {
    NativeMemory pooled = size <= SIZE ? SHARED.take() : null;
    if (pooled != null) {
      return pooled;
    }
    int room = Math.max(size, SIZE);
    return new NativeMemory(room, map(room), true, room == SIZE);
  }

  /**
   * Allocates an unpooled block that a forked child shares with this process. The child retains its
   * mapping after this process closes the block, so the block is never reused.
   */
  public static NativeMemory leave(int size) {
    return new NativeMemory(size, map(size), true, false);
  }

  /**
   * Allocates an unpooled block that is a part of a file, and is shared with other processes that
   * map the file.
   *
   * @throws ProcessDescriptorException if the file cannot be extended or mapped
   */
  static NativeMemory ofFile(int fd, long offset, int size) throws ProcessDescriptorException {
    int outcome = LibC.ftruncate(fd, offset + size);
    if (outcome < 0) {
      throw Errors.failed("ftruncate", "the memory of a spawn", outcome);
    }
    long address =
        LibC.mmap(size, PosixNumbers.PROT_READ_WRITE, PosixNumbers.MAP_SHARED, fd, offset);
    if (address < 0) {
      throw Errors.failed("mmap", "the memory of a spawn", address);
    }
    return new NativeMemory(size, address, true, false);
  }

  private static long map(int size) {
    long address = LibC.mmap(
        size,
        PosixNumbers.PROT_READ_WRITE,
        PosixNumbers.MAP_SHARED | SystemNumbers.posix().mapAnonymous());
    if (address < 0) {
      throw new OutOfMemoryError(
          "no " + size + " bytes of shared memory: " + Errors.describe((int) -address));
    }
    return address;
  }

  /** Allocates a small block that is never freed, for structures that live as long as the JVM. */
  public static NativeMemory forever(int size) {
    return new NativeMemory(size);
  }

  /** Allocates a small unpooled block, which the caller frees with {@link #free()}. */
  public static NativeMemory unpooled(int size) {
    return new NativeMemory(size);
  }

  /** Frees an unpooled block. */
  public void free() {
    MemoryIO.getInstance().freeMemory(address);
  }

  /** Returns the address of the first byte. */
  public long address() {
    return address;
  }

  /** Returns the address range of the block. */
  public Mapping mapping() {
    return new Mapping(address, bytes.capacity());
  }

  /** Returns the buffer, in native byte order. Use absolute access, or reset the position. */
  public ByteBuffer bytes() {
    return bytes;
  }

  /** Returns the block as 64-bit integers. Use absolute access. */
  LongBuffer words() {
    return words;
  }

  @Override
  public void close() {
    bytes.clear();
    if (!pooled || !Pooling.isOn() || !(shared ? SHARED : POOL).put(this)) {
      release();
    } else if (!Pooling.isOn()) {
      freeUnused();
    }
  }

  private void release() {
    if (shared) {
      LibC.munmap(address, bytes.capacity());
    } else {
      free();
    }
  }

  /** Frees the blocks in the pools. */
  public static void freeUnused() {
    for (Pool<NativeMemory> pool : List.of(POOL, SHARED)) {
      NativeMemory unused = pool.take();
      while (unused != null) {
        unused.release();
        unused = pool.take();
      }
    }
  }
}
