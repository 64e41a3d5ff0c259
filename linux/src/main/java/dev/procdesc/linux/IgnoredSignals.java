package dev.procdesc.linux;

import dev.procdesc.linux.kernel.Numbers;
import dev.procdesc.linux.kernel.Syscalls;
import dev.procdesc.posix.ffi.NativeMemory;
import java.util.BitSet;
import java.util.concurrent.TimeUnit;

/**
 * The signals that the JVM ignores. CLONE_CLEAR_SIGHAND puts handled signals back to their default
 * in a child, but leaves ignored ones ignored, so the child's script must name those.
 *
 * <p>Resetting all 62 in every child would cost several percent of a spawn, and what a JVM ignores
 * hardly ever changes after its start; so they are looked up again only when a second has passed. A
 * signal that was first ignored within the last second may start ignored in a child.
 */
final class IgnoredSignals {
  private static final long FRESH_NANOS = TimeUnit.SECONDS.toNanos(1);

  private record Lookup(BitSet ignored, long time) {}

  private volatile Lookup last = lookUp();

  /** The numbers of the ignored signals. Not to be changed. */
  BitSet current() {
    Lookup known = last;
    if (System.nanoTime() - known.time > FRESH_NANOS) {
      known = lookUp();
      last = known;
    }
    return known.ignored;
  }

  private static Lookup lookUp() {
    BitSet ignored = new BitSet(Numbers.NSIG + 1);
    try (NativeMemory memory = NativeMemory.borrow()) {
      for (int number = 1; number <= Numbers.NSIG; number++) {
        // The handler is the first word of the structure.
        if (Syscalls.rtSigaction(number, 0, memory.address()) == 0
            && memory.bytes().getLong(0) == Numbers.SIG_IGN) {
          ignored.set(number);
        }
      }
    }
    return new Lookup(ignored, System.nanoTime());
  }
}
