package dev.procdesc.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import java.io.IOException;
import java.util.List;

/** Measures the first spawn of a JVM, from the start of its main method: see {@link ColdSpawn}. */
final class ColdBenchmark implements Benchmark {
  @Override
  public List<Row> run(Context context) throws Exception {
    Turns turns = new Turns();
    Measurement ours = turns.addOnce(() -> run("procdesc"));
    Measurement jdk = turns.addOnce(() -> run("ProcessBuilder"));
    // The warm-up loads the JDK into the page cache.
    turns.run(1, context.options().sized(5, 15), 1);
    return List.of(Row.of(
        "first spawn + wait of a cold JVM",
        Unit.NANOSECONDS,
        ours,
        "ProcessBuilder, inheritIO",
        jdk,
        new Budget(Budget.Kind.EXCESS, 100e6)));
  }

  private static long run(String which) throws IOException, InterruptedException {
    Spawner jvm = Jvm.running(ColdSpawn.class, List.of(), which).stdout(Stdio.pipe());
    try (ChildProcess child = jvm.spawn()) {
      String output = new String(child.stdout().readAllBytes(), UTF_8).strip();
      ExitStatus status = child.waitFor();
      if (!status.isSuccess()) {
        throw new IOException("the cold JVM: " + status);
      }
      return Long.parseLong(output);
    }
  }
}
