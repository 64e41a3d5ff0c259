package dev.procdesc.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;
import org.openjdk.jmh.util.Statistics;

/**
 * Measures spawn and wait in a JVM with a big heap that is entirely in memory, against one with a
 * small heap. Uses JMH, because each needs a separate JVM; runs one fork at a time, so that they
 * alternate.
 */
final class HeapBenchmark implements Benchmark {
  private static final String WHAT = "spawn + wait, 8 GiB heap";
  private static final String PEER = "64 MiB heap";

  /** The heap, the other memory of such a JVM, and a reserve for other processes. */
  private static final long NEEDED = 12 * Memory.GIB;

  @Override
  public List<Row> run(Context context) throws Exception {
    Optional<Missing> refusal = Memory.refusal(NEEDED);
    if (refusal.isPresent()) {
      return List.of(Row.without(WHAT, PEER, refusal.get()));
    }
    // Another JMH process on the machine would make this one refuse to run; the table shows the
    // load.
    System.setProperty("jmh.ignoreLock", "true");
    TimeValue warmup = TimeValue.milliseconds(context.options().sized(2000, 5000));
    TimeValue measuring = TimeValue.milliseconds(context.options().sized(1500, 3000));
    Turns turns = new Turns();
    Measurement small = turns.addOnce(() -> fork(warmup, measuring, "-Xms64m", "-Xmx64m"));
    Measurement big =
        turns.addOnce(() -> fork(warmup, measuring, "-Xms9g", "-Xmx9g", "-XX:+AlwaysPreTouch"));
    turns.run(0, context.options().sized(1, 4), 1);
    return List.of(
        Row.of(WHAT, Unit.NANOSECONDS, big, PEER, small, new Budget(Budget.Kind.RATIO, 1.1)));
  }

  private static long fork(TimeValue warmup, TimeValue measuring, String... heap)
      throws RunnerException {
    List<String> options = new ArrayList<>(Jvm.options());
    // Use the same collector for both; the JVM would choose another one for a small machine or
    // heap.
    options.add("-XX:+UseSerialGC");
    options.addAll(List.of(heap));
    RunResult result = new Runner(new OptionsBuilder()
            .include(SpawnAndWait.class.getName() + ".procdesc$")
            .forks(1)
            .jvmArgs(options.toArray(String[]::new))
            .warmupIterations(1)
            .warmupTime(warmup)
            .measurementIterations(1)
            .measurementTime(measuring)
            .shouldFailOnError(true)
            .timeUnit(TimeUnit.NANOSECONDS)
            .verbosity(VerboseMode.SILENT)
            .build())
        .runSingle();
    // JMH retains a histogram, not the samples, so each fork contributes one number.
    Statistics statistics = result.getPrimaryResult().getStatistics();
    return Math.round(statistics.getPercentile(50));
  }
}
