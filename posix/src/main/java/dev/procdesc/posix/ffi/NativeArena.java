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
    return blocks.stream().map(NativeMemory::mapping).toList();
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
   * @param bytes the buffer that contains the range
   * @param at the index of the range in the buffer
   */
  public record Place(long address, ByteBuffer bytes, int at) {}

  /** Allocates memory for a structure, aligned to 8 bytes and not zeroed. */
  public Place allocate(int size) {
    int start = (used + 7) & ~7;
    if (start + size > current.bytes().capacity()) {
      current = lender.apply(size);
      blocks.add(current);
      start = 0;
    }
    used = start + size;
    return new Place(current.address() + start, current.bytes(), start);
  }

  /** Stores an array of 64-bit integers and returns its address. */
  public long words(long... values) {
    Place place = allocate(values.length * Long.BYTES);
    for (int i = 0; i < values.length; i++) {
      place.bytes().putLong(place.at() + i * Long.BYTES, values[i]);
    }
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
    int pointers = (texts.size() + 1) * Long.BYTES;
    int size = pointers;
    for (byte[] text : texts) {
      size = Math.addExact(size, text.length + 1);
    }
    Place place = allocate(size);
    ByteBuffer bytes = place.bytes();
    int pointer = place.at();
    int string = place.at() + pointers;
    for (byte[] text : texts) {
      bytes.putLong(pointer, place.address() + string - place.at());
      bytes.put(string, text).put(string + text.length, (byte) 0);
      pointer += Long.BYTES;
      string += text.length + 1;
    }
    bytes.putLong(pointer, 0);
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
