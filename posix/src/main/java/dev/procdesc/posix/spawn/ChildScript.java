package dev.procdesc.posix.spawn;

import dev.procdesc.SpawnException;
import dev.procdesc.posix.ffi.NativeArena;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * The system calls that a child makes between its creation and its program, one after the other,
 * prepared by the JVM and executed by the spawn stub. The child runs no Java and makes no
 * decisions; the first call that fails ends it, unless the script tolerates that error at that
 * step.
 *
 * <p>The layout is defined by the stub and is the same on every system and machine; all words have
 * 64 bits:
 *
 * <pre>
 * call  @0 block[16]  @16 saved[16]  @32 failed  @40 count  @48 create (a step)  @128 steps
 * step  @0 number  @8 args[6]  @56 tolerated  @64 target  @72 result
 * </pre>
 *
 * <p>{@code tolerated} is a set of error numbers (bit 0: any); {@code target} is an address that
 * also receives the result, by which the result of one call becomes an argument of a later one.
 */
public final class ChildScript {
  /** Tolerates every error. */
  public static final long TOLERATE_ALL = 1;

  static final int FAILED = 32;
  static final int COUNT = 40;
  static final int CREATE = 48;
  static final int STEPS = 128;
  static final int STEP_WORDS = 10;

  /** The size of a step in bytes. */
  public static final int STEP_SIZE = STEP_WORDS * Long.BYTES;

  static final int ARGUMENTS = 8;
  static final int TARGET = 64;
  static final int RESULT = 72;

  /** The result of a call that has not returned; no call returns it. */
  private static final long PENDING = Long.MIN_VALUE;

  /** The purpose of a step, reported when it fails. */
  public record Purpose(SpawnException.Step step, String operation, String subject) {}

  private record Wire(int fromStep, int toStep, int toArgument) {}

  private final List<Purpose> purposes = new ArrayList<>();
  private final List<Wire> wires = new ArrayList<>(0);
  private long[] words = new long[STEP_WORDS * 32];
  private int count;

  /** Adds a system call. */
  public ChildScript step(Purpose purpose, long number, long... arguments) {
    return tolerantStep(purpose, 0, number, arguments);
  }

  /**
   * Adds a system call that may fail.
   *
   * @param tolerated the errors after which the script continues
   */
  public ChildScript tolerantStep(Purpose purpose, long tolerated, long number, long... arguments) {
    int at = count * STEP_WORDS;
    if (at == words.length) {
      words = Arrays.copyOf(words, words.length * 2);
    }
    words[at] = number;
    System.arraycopy(arguments, 0, words, at + 1, arguments.length);
    words[at + 7] = tolerated;
    words[at + RESULT / Long.BYTES] = PENDING;
    purposes.add(purpose);
    count++;
    return this;
  }

  /** Also stores the last step's result at an address. */
  public ChildScript storeAt(long address) {
    words[(count - 1) * STEP_WORDS + 8] = address;
    return this;
  }

  /** Passes the last step's result to the next step as an argument. */
  public ChildScript passOn(int argument) {
    wires.add(new Wire(count - 1, count, argument));
    return this;
  }

  /** Returns a set of tolerated error numbers, from 1 to 63. */
  public static long tolerate(int... errnos) {
    long set = 0;
    for (int errno : errnos) {
      if (errno < 1 || errno > 63) {
        throw new IllegalArgumentException("errno " + errno + " does not fit the set");
      }
      set |= 1L << errno;
    }
    return set;
  }

  /**
   * Returns the set of the error numbers that a predicate accepts. A script cannot tolerate those
   * above 63, and ends there.
   */
  static long tolerate(IntPredicate tolerated) {
    return tolerate(IntStream.rangeClosed(1, 63).filter(tolerated).toArray());
  }

  /** Returns the number of steps. */
  public int size() {
    return count;
  }

  /** Returns the purpose of a step. */
  public Purpose purpose(int step) {
    return purposes.get(step);
  }

  /** Returns the first of the steps at the end of the script that execute the program. */
  int firstExecution() {
    int first = count;
    while (first > 0 && purposes.get(first - 1).step() == SpawnException.Step.EXECUTE) {
      first--;
    }
    return first;
  }

  /**
   * Writes the call block.
   *
   * @param create the number and arguments of the call that creates the child; empty if the stub
   *     does not create it
   */
  public Written write(NativeArena arena, long... create) {
    NativeArena.Place block = arena.allocate(STEPS + count * STEP_SIZE);
    write(block.bytes(), block.at(), block.address());
    for (int i = 0; i < STEP_WORDS; i++) {
      block
          .bytes()
          .putLong(block.at() + CREATE + i * Long.BYTES, i < create.length ? create[i] : 0);
    }
    return new Written(block, count);
  }

  /** A script in memory, where the child reads it and stores its results. */
  public static final class Written {
    private final NativeArena.Place block;
    private final int steps;

    private Written(NativeArena.Place block, int steps) {
      this.block = block;
      this.steps = steps;
    }

    /** Returns the address of the call block. */
    public long address() {
      return block.address();
    }

    /**
     * Returns the result of the script. Valid only once the child has executed a program or ended.
     *
     * @param created the result of the call that created the child
     */
    public SpawnStub.Run outcome(long created) {
      int failed = (int) block.bytes().getLong(block.at() + FAILED);
      List<Long> results = new ArrayList<>();
      for (int i = 0; failed >= 0 && i < steps; i++) {
        results.add(result(i));
      }
      int returned = 0;
      while (returned < steps && result(returned) != PENDING) {
        returned++;
      }
      return new SpawnStub.Run(created, failed, returned, results);
    }

    private long result(int step) {
      return block.bytes().getLong(block.at() + STEPS + step * STEP_SIZE + RESULT);
    }
  }

  private void write(ByteBuffer bytes, int at, long address) {
    for (int i = 0; i < 16; i++) {
      bytes.put(at + i, (byte) 0xFF);
    }
    bytes.putLong(at + FAILED, -1).putLong(at + COUNT, count);
    ByteBuffer steps = bytes.slice(at + STEPS, count * STEP_SIZE).order(bytes.order());
    steps.asLongBuffer().put(words, 0, count * STEP_WORDS);
    for (Wire wire : wires) {
      steps.putLong(
          wire.fromStep * STEP_SIZE + TARGET,
          address + STEPS + (long) wire.toStep * STEP_SIZE + ARGUMENTS + 8L * wire.toArgument);
    }
  }
}
