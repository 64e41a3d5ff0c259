package dev.procdesc.bench;

import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;

/**
 * Spawn and wait for JMH, for what it is good at: JVMs with other options, and its profilers, as in
 * {@code java -cp JAR org.openjdk.jmh.Main SpawnAndWait -prof gc}.
 */
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class SpawnAndWait {
  /** For JMH. */
  public SpawnAndWait() {}

  /**
   * The library.
   *
   * @return nanoseconds, so that nothing is optimized away
   * @throws IOException if the program cannot be started
   * @throws InterruptedException if interrupted
   */
  @Benchmark
  public long procdesc() throws IOException, InterruptedException {
    return SpawnBenchmark.procdesc(SpawnBenchmark.RELEASED);
  }

  /**
   * The JDK.
   *
   * @return nanoseconds, so that nothing is optimized away
   * @throws IOException if the program cannot be started
   * @throws InterruptedException if interrupted
   */
  @Benchmark
  public long processBuilder() throws IOException, InterruptedException {
    return SpawnBenchmark.processBuilder(true);
  }

  /**
   * NuProcess.
   *
   * @return nanoseconds, so that nothing is optimized away
   * @throws InterruptedException if interrupted
   */
  @Benchmark
  public long nuProcess() throws InterruptedException {
    return SpawnBenchmark.nuProcess();
  }
}
