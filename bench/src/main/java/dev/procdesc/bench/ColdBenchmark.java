package dev.procdesc.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Measures the first spawn of a JVM, from the start of its main method: see {@link ColdSpawn}. */
final class ColdBenchmark implements Benchmark {
  private static final String WHAT = "first spawn + wait of a cold JVM";
  private static final String CACHED = WHAT + ", AOT cache";
  private static final String JDK = "ProcessBuilder, inheritIO";
  private static final String PROCDESC = "procdesc";
  private static final String BUILDER = "ProcessBuilder";

  /** The first Java version that makes an AOT cache in one step, as users are advised to. */
  private static final int AOT_CACHE = 25;

  @Override
  public List<Row> run(Context context) throws Exception {
    Optional<Path> baseline = context.options().path(Options.PathOption.BASELINE);
    boolean caches = Runtime.version().feature() >= AOT_CACHE;
    Path directory = Files.createTempDirectory("procdesc-bench");
    directory.toFile().deleteOnExit();
    Turns turns = new Turns();
    Measurement ours = turns.addOnce(() -> run(Jvm.classPath(), PROCDESC, List.of()));
    Measurement jdk = turns.addOnce(() -> run(Jvm.classPath(), BUILDER, List.of()));
    Measurement before = baseline.isPresent()
        ? turns.addOnce(() -> run(baseline.get().toString(), PROCDESC, List.of()))
        : Measurement.without(Missing.notRun("no --baseline"));
    Measurement cached = caches
        ? turns.addOnce(new Cached(directory, PROCDESC))
        : Measurement.without(Missing.notRun("needs Java " + AOT_CACHE));
    Measurement jdkCached = caches ? turns.addOnce(new Cached(directory, BUILDER)) : cached;
    // The warm-up loads the JDK into the page cache.
    turns.run(1, context.options().sized(5, 15), 1);
    Unit unit = Unit.NANOSECONDS;
    List<Row> rows = new ArrayList<>();
    rows.add(Row.of(WHAT, unit, ours, JDK, jdk, new Budget(Budget.Kind.EXCESS, 100e6)));
    rows.add(Row.of(WHAT, unit, ours, Row.BASELINE, before, new Budget(Budget.Kind.RATIO, 0.5)));
    rows.add(Row.of(
        CACHED, unit, cached, JDK + ", no cache", jdk, new Budget(Budget.Kind.EXCESS, 40e6)));
    rows.add(Row.of(CACHED, unit, cached, JDK + ", AOT cache", jdkCached, Budget.Kind.EXCESS));
    return rows;
  }

  /** Runs a JVM with an AOT cache, which the first run makes. */
  private record Cached(Path directory, String library) implements Turns.Once {
    @Override
    public long measure() throws IOException, InterruptedException {
      Path cache = directory.resolve(library + ".aot");
      if (Files.notExists(cache)) {
        cache.toFile().deleteOnExit();
        ColdBenchmark.output(Jvm.classPath(), library, List.of("-XX:AOTCacheOutput=" + cache));
      }
      // With the mode "on" a cache that cannot be used is an error.
      return ColdBenchmark.run(
          Jvm.classPath(), library, List.of("-XX:AOTCache=" + cache, "-XX:AOTMode=on"));
    }
  }

  private static long run(String classPath, String library, List<String> options)
      throws IOException, InterruptedException {
    return Long.parseLong(output(classPath, library, options));
  }

  private static String output(String classPath, String library, List<String> options)
      throws IOException, InterruptedException {
    Spawner jvm = Jvm.running(ColdSpawn.class, classPath, options, library).stdout(Stdio.pipe());
    try (ChildProcess child = jvm.spawn()) {
      String output = new String(child.stdout().readAllBytes(), UTF_8).strip();
      ExitStatus status = child.waitFor();
      if (!status.isSuccess()) {
        throw new IOException("the cold JVM: " + status);
      }
      return output;
    }
  }
}
