package dev.procdesc.bench;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Measures how many children several threads can spawn and wait for, each one child after another.
 */
final class ThreadsBenchmark implements Benchmark {
  /** The number of children of a sample: a multiple of the numbers of threads, as in peer.c. */
  private static final int BATCH = 128;

  private static final String C = "C vfork + execve + waitpid";

  @Override
  public List<Row> run(Context context) throws Exception {
    List<Row> rows = new ArrayList<>();
    for (int threads : List.of(1, 4, 16)) {
      rows.addAll(run(context, threads));
    }
    return rows;
  }

  private static List<Row> run(Context context, int threads) throws Exception {
    String what = String.format(
        Locale.ROOT, "children per second, %d thread%s", threads, threads == 1 ? "" : "s");
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    Turns turns = new Turns();
    try (NativePeer c =
        new NativePeer(context, "threads", String.valueOf(threads), Spawns.PROGRAM)) {
      Measurement ours =
          turns.addOnce(() -> rate(pool, threads, () -> Spawns.procdesc(Spawns.RELEASED)));
      Measurement theirs = c.addTo(turns, (count, into) -> {
        Samples times = new Samples();
        c.measure(count, times);
        into.add(rate(times.median()));
      });
      Measurement builder =
          turns.addOnce(() -> rate(pool, threads, () -> Spawns.processBuilder(true)));
      turns.run(context.options().sized(10, 100), context.options().sized(10, 60), 1);
      return List.of(
          threads == 16
              ? Row.of(what, Unit.COUNT, ours, C, theirs, new Budget(Budget.Kind.SHARE, 0.95))
              : Row.of(what, Unit.COUNT, ours, C, theirs, Budget.Kind.SHARE),
          Row.of(what, Unit.COUNT, ours, "ProcessBuilder, inheritIO", builder, Budget.Kind.SHARE));
    } finally {
      pool.shutdown();
    }
  }

  /**
   * Returns the number of children per second.
   *
   * @param child spawns one child and waits for it
   */
  private static long rate(ExecutorService pool, int threads, Callable<Long> child)
      throws Exception {
    Callable<Void> share = () -> {
      for (int i = 0; i < BATCH / threads; i++) {
        child.call();
      }
      return null;
    };
    long start = System.nanoTime();
    for (Future<Void> done : pool.invokeAll(Collections.nCopies(threads, share))) {
      done.get();
    }
    return rate(System.nanoTime() - start);
  }

  private static long rate(long nanos) {
    return Math.round(BATCH * 1e9 / nanos);
  }
}
