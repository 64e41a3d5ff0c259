package dev.procdesc.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.procdesc.ChildProcess;
import dev.procdesc.DeathGuard;
import dev.procdesc.Platform;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.List;
import java.util.Locale;

/**
 * Measures the time from the SIGKILL to a JVM with many children until the last child is dead. All
 * children hold the write end of one pipe, so end of file on the pipe marks the death of the last.
 */
final class DeathBenchmark implements Benchmark {
  @Override
  public List<Row> run(Context context) throws Exception {
    int wanted = LiveBenchmark.howMany(context.options().sized(500, 10_000));
    String what = "SIGKILL to a JVM with %,d children → all dead";
    if (Platform.current().deathGuard() == DeathGuard.NONE) {
      return List.of(
          Row.without(String.format(Locale.ROOT, what, wanted), "", GuardBenchmark.ABSENT));
    }
    Spawner jvm = Jvm.running(DoomedJvm.class, List.of(), LiveBenchmark.arguments(wanted, context))
        .stdin(Stdio.pipe())
        .stdout(Stdio.pipe())
        .descriptor(LiveBenchmark.LIFELINE, Stdio.pipeFromChild());
    Samples times = new Samples();
    int children = wanted;
    for (int run = 0; run < context.options().sized(1, 3); run++) {
      try (ChildProcess child = jvm.spawn();
          BufferedReader output =
              new BufferedReader(new InputStreamReader(child.stdout(), UTF_8))) {
        String count = output.readLine();
        if (count == null) {
          throw new IOException("the JVM with the children ended: " + child.waitFor());
        }
        children = Integer.parseInt(count);
        long start = System.nanoTime();
        child.kill();
        if (child.pipeFrom(LiveBenchmark.LIFELINE).read() >= 0) {
          throw new IOException("unexpected data in the pipe");
        }
        times.add(System.nanoTime() - start);
      }
    }
    return List.of(Row.of(
        String.format(Locale.ROOT, what, children),
        Unit.NANOSECONDS,
        (double) times.median(),
        1e9,
        ""));
  }
}
