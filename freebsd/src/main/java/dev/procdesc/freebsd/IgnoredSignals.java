package dev.procdesc.freebsd;

import dev.procdesc.freebsd.kernel.Numbers;
import dev.procdesc.freebsd.kernel.Syscalls;
import dev.procdesc.posix.ffi.NativeMemory;
import java.util.BitSet;
import java.util.concurrent.TimeUnit;

/**
 * The signals that are not at their default in the JVM. pdfork leaves a child all dispositions,
 * RFSPAWN the ignored ones, so the child's script must name those.
 *
 * <p>Asking for all 126 at every spawn would cost several percent of it, and what a JVM ignores or
 * handles hardly ever changes after its start; so they are looked up again only when a second has
 * passed. What pdfork's children are reset to in any case, see {@link FreeBsdLauncher}.
 */
final class IgnoredSignals {
  private static final long FRESH_NANOS = TimeUnit.SECONDS.toNanos(1);

  private record Lookup(BitSet ignored, BitSet handled, long time) {}

  private volatile Lookup last = lookUp();

  /** The numbers of the ignored signals. Not to be changed. */
  BitSet current() {
    return fresh().ignored;
  }

  /** The numbers of the handled signals. Not to be changed. */
  BitSet handled() {
    return fresh().handled;
  }

  private Lookup fresh() {
    Lookup known = last;
    if (System.nanoTime() - known.time > FRESH_NANOS) {
      known = lookUp();
      last = known;
    }
    return known;
  }

  private static Lookup lookUp() {
    BitSet ignored = new BitSet(Numbers.NSIG + 1);
    BitSet handled = new BitSet(Numbers.NSIG + 1);
    try (NativeMemory memory = NativeMemory.borrow()) {
      for (int number = 1; number <= Numbers.NSIG; number++) {
        // The handler is the first word of the structure.
        if (Syscalls.sigaction(number, 0, memory.address()) == 0) {
          long handler = memory.bytes().getLong(0);
          ignored.set(number, handler == Numbers.SIG_IGN);
          handled.set(number, handler != Numbers.SIG_IGN && handler != Numbers.SIG_DFL);
        }
      }
    }
    return new Lookup(ignored, handled, System.nanoTime());
  }
}
