package dev.procdesc.compat.support;

import dev.procdesc.testing.Await;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;

/** Tells whether the threads that run code of the library wait without using the processor. */
public final class CpuRest {
  private static final int LOOKS = 12;
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  private CpuRest() {}

  /**
   * Waits until no thread that runs code of the library has used the processor between several
   * looks in a row. A thread that spins never rests.
   */
  public static void await() {
    Looks looks = new Looks();
    Await.until("the threads rest", looks::areEnough);
  }

  private static final class Looks {
    private Map<String, Long> last = Map.of();
    private int same;

    boolean areEnough() {
      Map<String, Long> now = times();
      same = now.equals(last) ? same + 1 : 0;
      last = now;
      return same == LOOKS;
    }

    private static Map<String, Long> times() {
      Map<String, Long> times = new HashMap<>();
      for (ThreadInfo thread : THREADS.dumpAllThreads(false, false)) {
        if (thread.getThreadId() != Thread.currentThread().getId() && runsLibrary(thread)) {
          times.put(
              Long.toString(thread.getThreadId()), THREADS.getThreadCpuTime(thread.getThreadId()));
        }
      }
      return times;
    }

    private static boolean runsLibrary(ThreadInfo thread) {
      return Stream.of(thread.getStackTrace())
          .anyMatch(frame -> frame.getClassName().startsWith("dev.procdesc.posix."));
    }
  }
}
