package dev.procdesc.posix.ffi;

import dev.procdesc.ProcessDescriptorException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.IntFunction;

/**
 * The memory of one spawn: strings, structures, and the call block. Addresses stay valid until it
 * is closed; the child reads them, so that is after the child has executed its program or ended.
 */
public final class NativeArena implements AutoCloseable {
  private final List<NativeMemory> blocks = new ArrayList<>(2);
  private final IntFunction<NativeMemory> lender;
  private final OptionalInt file;
  private NativeMemory current;
  private int used;

  /** An empty arena. */
  public NativeArena() {
    this(NativeMemory::borrow);
  }

  private NativeArena(IntFunction<NativeMemory> lender) {
    this(lender, OptionalInt.empty());
  }

  private NativeArena(IntFunction<NativeMemory> lender, OptionalInt file) {
    this.lender = lender;
    this.file = file;
    current = lender.apply(0);
    blocks.add(current);
  }

  /** An empty arena that a forked child writes to as well, so that its results are seen. */
  public static NativeArena shared(PosixNumbers numbers) {
    return new NativeArena(size -> NativeMemory.borrowShared(size, numbers));
  }

  /**
   * An empty arena in a file, which another process can map. Its blocks follow each other in the
   * file.
   *
   * @param fd of an empty file in memory; closed with the arena, or if this fails
   */
  public static NativeArena inFile(int fd) throws ProcessDescriptorException {
    try {
      return new NativeArena(new FileLender(fd), OptionalInt.of(fd));
    } catch (UncheckedIOException e) {
      LibC.close(fd);
      throw (ProcessDescriptorException) e.getCause();
    }
  }

  /** Lends the parts of a file, one behind the other. */
  private static final class FileLender implements IntFunction<NativeMemory> {
    private final int fd;
    private long length;

    FileLender(int fd) {
      this.fd = fd;
    }

    @Override
    public NativeMemory apply(int size) {
      // A block begins and ends where a page does.
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

  /** The file that the arena lies in; empty if it lies in none. */
  public OptionalInt file() {
    return file;
  }

  /** Where the arena lies in memory, in the order of its file. */
  public List<Mapping> mappings() {
    return blocks.stream().map(NativeMemory::mapping).toList();
  }

  /** An arena in one block, and no more than that. */
  public static NativeArena in(NativeMemory block) {
    return new NativeArena(size -> {
      if (size > 0) {
        throw new IllegalStateException("no room for " + size + " bytes in the block");
      }
      return block;
    });
  }

  /** A place in an arena: its address, and where it is in a buffer. */
  public record Place(long address, ByteBuffer bytes, int at) {}

  /** Room for a structure, aligned to words, not zeroed. */
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

  /** Words in a row. */
  public long words(long... values) {
    Place place = allocate(values.length * Long.BYTES);
    for (int i = 0; i < values.length; i++) {
      place.bytes().putLong(place.at() + i * Long.BYTES, values[i]);
    }
    return place.address();
  }

  /** 32-bit integers in a row. */
  public long ints(int... values) {
    Place place = allocate(values.length * Integer.BYTES);
    for (int i = 0; i < values.length; i++) {
      place.bytes().putInt(place.at() + i * Integer.BYTES, values[i]);
    }
    return place.address();
  }

  /** A string, closed by a NUL. */
  public long string(byte[] text) {
    Place place = allocate(text.length + 1);
    place.bytes().put(place.at(), text).put(place.at() + text.length, (byte) 0);
    return place.address();
  }

  /** A string in the system's encoding, closed by a NUL. */
  public long string(String text) {
    return string(SystemStrings.encode(text));
  }

  /** Pointers to strings, closed by a null pointer. */
  public long strings(List<byte[]> texts) {
    long[] pointers = new long[texts.size() + 1];
    for (int i = 0; i < texts.size(); i++) {
      pointers[i] = string(texts.get(i));
    }
    return words(pointers);
  }

  @Override
  public void close() {
    blocks.forEach(NativeMemory::close);
    file.ifPresent(LibC::close);
  }
}
