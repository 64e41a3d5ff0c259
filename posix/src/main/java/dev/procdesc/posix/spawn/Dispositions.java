package dev.procdesc.posix.spawn;

import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.ffi.PosixNumbers;
import java.util.BitSet;
import java.util.concurrent.TimeUnit;

/**
 * The signals that do not have their default disposition in the JVM. A child inherits some or all
 * of the dispositions, depending on the call that creates it, and its script must reset those.
 *
 * <p>Querying every signal at every spawn would cost several percent of it, and a JVM hardly ever
 * changes its dispositions after its start. So they are queried again only when a second has
 * passed; a signal that was first ignored within the last second may start ignored in a child.
 */
public final class Dispositions {
  private static final long FRESH_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** Reads the disposition of a signal. */
  public interface Query {
    /**
     * Calls {@code sigaction(signal, NULL, old)}.
     *
     * @param old receives the structure, whose first word is the handler on every system
     * @return 0 or {@code -errno}
     */
    int sigaction(int signal, long old);
  }

  private record Snapshot(BitSet ignored, BitSet handled, long time) {}

  private final int lastSignal;
  private final Query query;
  private volatile Snapshot last;

  /**
   * Reads all dispositions.
   *
   * @param lastSignal the largest signal number of the system
   */
  public Dispositions(int lastSignal, Query query) {
    this.lastSignal = lastSignal;
    this.query = query;
    this.last = read(lastSignal, query);
  }

  /** Returns the numbers of the ignored signals. The caller must not change the set. */
  public BitSet ignored() {
    return fresh().ignored;
  }

  /** Returns the numbers of the signals with a handler. The caller must not change the set. */
  public BitSet handled() {
    return fresh().handled;
  }

  private Snapshot fresh() {
    Snapshot known = last;
    if (System.nanoTime() - known.time > FRESH_NANOS) {
      known = read(lastSignal, query);
      last = known;
    }
    return known;
  }

  private static Snapshot read(int lastSignal, Query query) {
    BitSet ignored = new BitSet(lastSignal + 1);
    BitSet handled = new BitSet(lastSignal + 1);
    try (NativeMemory memory = NativeMemory.borrow()) {
      for (int signal = 1; signal <= lastSignal; signal++) {
        if (query.sigaction(signal, memory.address()) == 0) {
          long handler = memory.bytes().getLong(0);
          ignored.set(signal, handler == PosixNumbers.SIG_IGN);
          handled.set(signal, handler != PosixNumbers.SIG_IGN && handler != PosixNumbers.SIG_DFL);
        }
      }
    }
    return new Snapshot(ignored, handled, System.nanoTime());
  }
}
