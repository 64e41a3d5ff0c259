package dev.procdesc.bench;

import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;

/**
 * Spawn and wait under JMH, for JVMs with other options and for JMH's profilers, as in {@code java
 * -cp JAR org.openjdk.jmh.Main SpawnAndWait -prof gc}.
 */
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class SpawnAndWait {
  /** Constructor for JMH. */
  public SpawnAndWait() {}

  /**
   * Measures the library.
   *
   * @return nanoseconds, so that the compiler eliminates nothing
   * @throws IOException if the program cannot be started
   * @throws InterruptedException if the thread is interrupted
   */
  @Benchmark
  public long procdesc() throws IOException, InterruptedException {
    return Spawns.procdesc(Spawns.RELEASED);
  }

  /**
   * Measures the JDK.
   *
   * @return nanoseconds, so that the compiler eliminates nothing
   * @throws IOException if the program cannot be started
   * @throws InterruptedException if the thread is interrupted
   */
  @Benchmark
  public long processBuilder() throws IOException, InterruptedException {
    return Spawns.processBuilder(true);
  }

  /**
   * Measures NuProcess.
   *
   * @return nanoseconds, so that the compiler eliminates nothing
   * @throws IOException if the program cannot be started
   * @throws InterruptedException if the thread is interrupted
   */
  @Benchmark
  public long nuProcess() throws IOException, InterruptedException {
    return SpawnBenchmark.nuProcess();
  }
}
