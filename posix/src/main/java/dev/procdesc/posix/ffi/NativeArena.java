package dev.procdesc.posix.ffi;

import dev.procdesc.ProcessDescriptorException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.IntFunction;

/**
 * An allocator for the native memory of one operation, such as the strings, structures and call
 * block of a spawn. Addresses remain valid until the arena is closed. The child of a spawn reads
 * them, so the arena of a spawn is closed only after the child has executed its program or exited.
 */
public final class NativeArena implements AutoCloseable {
  private final List<NativeMemory> blocks = new ArrayList<>(2);
  private final IntFunction<NativeMemory> lender;
  private final OptionalInt file;
  private NativeMemory current;
  private int used;

  /** Creates an empty arena. */
  public NativeArena() {
    this(new PoolLender(false), OptionalInt.empty());
  }

  private NativeArena(IntFunction<NativeMemory> lender, OptionalInt file) {
    this.lender = lender;
    this.file = file;
    current = lender.apply(0);
    blocks.add(current);
  }

  /** Creates an empty arena in shared memory, in which the writes of a forked child are visible. */
  public static NativeArena shared() {
    return new NativeArena(new PoolLender(true), OptionalInt.empty());
  }

  /**
   * Creates an empty arena in a memory file, which another process can map. Its blocks are
   * consecutive in the file.
   *
   * @param fd an empty file in memory; it is closed with the arena, or if this method fails
   * @throws ProcessDescriptorException if the file cannot be extended or mapped
   */
  public static NativeArena inFile(int fd) throws ProcessDescriptorException {
    try {
      return new NativeArena(new FileLender(fd), OptionalInt.of(fd));
    } catch (UncheckedIOException e) {
      LibC.close(fd);
      throw (ProcessDescriptorException) e.getCause();
    }
  }

  /** Lends blocks from the pool of private or of shared memory. */
  private record PoolLender(boolean shared) implements IntFunction<NativeMemory> {
    @Override
    public NativeMemory apply(int size) {
      return shared ? NativeMemory.borrowShared(size) : NativeMemory.borrow(size);
    }
  }

  /** Lends consecutive parts of a file. */
  private static final class FileLender implements IntFunction<NativeMemory> {
    private final int fd;
    private long length;

    FileLender(int fd) {
      this.fd = fd;
    }

    @Override
    public NativeMemory apply(int size) {
      // A block begins and ends at a page boundary.
      int rounded = Math.multiplyExact(size / NativeMemory.SIZE + 1, NativeMemory.SIZE);
      try {
        NativeMemory block = NativeMemory.ofFile(fd, length, rounded);
        length += rounded;
        return block;
      } catch (ProcessDescriptorException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /** Returns the descriptor of the memory file; empty if the arena has none. */
  public OptionalInt file() {
    return file;
  }

  /** Returns the mappings of the blocks, in the order of the file. */
  public List<Mapping> mappings() {
    List<Mapping> mappings = new ArrayList<>(blocks.size());
    for (NativeMemory block : blocks) {
      mappings.add(block.mapping());
    }
    return mappings;
  }

  /**
   * Creates an arena in one block; it does not grow.
   *
   * <p>An allocation that does not fit throws {@link IllegalStateException}.
   */
  public static NativeArena in(NativeMemory block) {
    return new NativeArena(
        size -> {
          if (size > 0) {
            throw new IllegalStateException("no room for " + size + " bytes in the block");
          }
          return block;
        },
        OptionalInt.empty());
  }

  /**
   * An allocated range of an arena.
   *
   * @param address the native address
   * @param memory the block that contains the range
   * @param at the index of the range in the block
   */
  public record Place(long address, NativeMemory memory, int at) {
    /** Returns the buffer that contains the range. */
    public ByteBuffer bytes() {
      return memory.bytes();
    }

    /**
     * Stores 64-bit integers from the beginning of the range on, which is aligned to their size.
     * All at once is many times faster than one after the other, until the JVM has compiled the
     * code of the buffer.
     */
    public void put(long[] values, int count) {
      memory.words().put(at / Long.BYTES, values, 0, count);
    }

    /** Reads 64-bit integers from the beginning of the range on, which is aligned to their size. */
    public void get(long[] values) {
      memory.words().get(at / Long.BYTES, values);
    }
  }

  /** Allocates memory for a structure, aligned to 8 bytes and not zeroed. */
  public Place allocate(int size) {
    int start = (used + 7) & ~7;
    if (start + size > current.bytes().capacity()) {
      current = lender.apply(size);
      blocks.add(current);
      start = 0;
    }
    used = start + size;
    return new Place(current.address() + start, current, start);
  }

  /** Stores an array of 64-bit integers and returns its address. */
  public long words(long... values) {
    Place place = allocate(values.length * Long.BYTES);
    place.put(values, values.length);
    return place.address();
  }

  /** Stores an array of 32-bit integers and returns its address. */
  public long ints(int... values) {
    Place place = allocate(values.length * Integer.BYTES);
    for (int i = 0; i < values.length; i++) {
      place.bytes().putInt(place.at() + i * Integer.BYTES, values[i]);
    }
    return place.address();
  }

  /** Stores a NUL-terminated string and returns its address. */
  public long string(byte[] text) {
    Place place = allocate(text.length + 1);
    place.bytes().put(place.at(), text).put(place.at() + text.length, (byte) 0);
    return place.address();
  }

  /** Stores a NUL-terminated string in the system's encoding and returns its address. */
  public long string(String text) {
    return string(SystemStrings.encode(text));
  }

  /** Stores a null-terminated array of pointers to strings and returns its address. */
  public long strings(List<byte[]> texts) {
    int count = texts.size();
    int size = 0;
    for (int i = 0; i < count; i++) {
      size = Math.addExact(size, texts.get(i).length + 1);
    }
    long[] pointers = new long[count + 1];
    int start = pointers.length * Long.BYTES;
    Place place = allocate(Math.addExact(start, size));
    byte[] strings = new byte[size];
    int at = 0;
    for (int i = 0; i < count; i++) {
      byte[] text = texts.get(i);
      pointers[i] = place.address() + start + at;
      System.arraycopy(text, 0, strings, at, text.length);
      at += text.length + 1;
    }
    place.put(pointers, pointers.length);
    place.bytes().put(place.at() + start, strings);
    return place.address();
  }

  @Override
  public void close() {
    for (NativeMemory block : blocks) {
      block.close();
    }
    if (file.isPresent()) {
      LibC.close(file.getAsInt());
    }
  }
}
