package dev.procdesc.posix.spawn;

import dev.procdesc.SpawnException;
import dev.procdesc.posix.ffi.NativeArena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

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

  /** The largest error number that a script can tolerate. */
  static final int LARGEST_TOLERATED = 63;

  static final int FAILED = 32;
  static final int COUNT = 40;
  static final int CREATE = 48;
  static final int STEPS = 128;
  static final int STEP_WORDS = 10;
  private static final int HEADER_WORDS = STEPS / Long.BYTES;

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

  /** The call block: its header, which {@link #write} fills, and the steps. */
  private long[] words = new long[HEADER_WORDS + STEP_WORDS * 32];

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
    int at = wordOf(count);
    if (at == words.length) {
      words = Arrays.copyOf(words, HEADER_WORDS + 2 * (words.length - HEADER_WORDS));
    }
    words[at] = number;
    System.arraycopy(arguments, 0, words, at + 1, arguments.length);
    words[at + 7] = tolerated;
    words[at + RESULT / Long.BYTES] = PENDING;
    purposes.add(purpose);
    count++;
    return this;
  }

  /** Returns the index of the first word of a step. */
  private static int wordOf(int step) {
    return HEADER_WORDS + step * STEP_WORDS;
  }

  /** Also stores the last step's result at an address. */
  public ChildScript storeAt(long address) {
    words[wordOf(count - 1) + TARGET / Long.BYTES] = address;
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
      if (errno < 1 || errno > LARGEST_TOLERATED) {
        throw new IllegalArgumentException("errno " + errno + " does not fit the set");
      }
      set |= 1L << errno;
    }
    return set;
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
    words[0] = -1; // All signals, which the stub blocks.
    words[1] = -1;
    words[FAILED / Long.BYTES] = -1;
    words[COUNT / Long.BYTES] = count;
    Arrays.fill(words, CREATE / Long.BYTES, HEADER_WORDS, 0);
    System.arraycopy(create, 0, words, CREATE / Long.BYTES, create.length);
    for (Wire wire : wires) {
      words[wordOf(wire.fromStep) + TARGET / Long.BYTES] = block.address()
          + STEPS
          + (long) wire.toStep * STEP_SIZE
          + ARGUMENTS
          + 8L * wire.toArgument;
    }
    block.put(words, wordOf(count));
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
      long[] words = new long[wordOf(steps)];
      block.get(words);
      int failed = (int) words[FAILED / Long.BYTES];
      List<Long> results = new ArrayList<>();
      for (int i = 0; failed >= 0 && i < steps; i++) {
        results.add(words[wordOf(i) + RESULT / Long.BYTES]);
      }
      int returned = 0;
      while (returned < steps && words[wordOf(returned) + RESULT / Long.BYTES] != PENDING) {
        returned++;
      }
      return new SpawnStub.Run(created, failed, returned, results);
    }
  }
}
