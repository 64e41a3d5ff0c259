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
import java.util.stream.Stream;

/**
 * Measures the time from the SIGKILL to a JVM with many children until the last child is dead. All
 * children hold the write end of one pipe, so end of file on the pipe marks the death of the last.
 */
final class DeathBenchmark implements Benchmark {
  private static final String C = "C pidfd_send_signal";

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
    Turns turns = new Turns();
    Measurement ours = turns.addOnce(() -> die(jvm, wanted));
    try (NativePeer c = new NativePeer(
        context,
        Stream.concat(Stream.of("death"), Stream.of(LiveBenchmark.arguments(wanted, context)))
            .toArray(String[]::new))) {
      Measurement theirs = c.addTo(turns);
      turns.run(0, context.options().sized(1, 5), 1);
      String all = String.format(Locale.ROOT, what, wanted);
      Row compared =
          Row.of(all, Unit.NANOSECONDS, ours, C, theirs, new Budget(Budget.Kind.RATIO, 1.3));
      return ours.missing().isPresent()
          ? List.of(compared)
          : List.of(Row.of(all, Unit.NANOSECONDS, (double) ours.median(), 1e9, ""), compared);
    }
  }

  /** Returns the nanoseconds from the kill until the last child is dead. */
  private static long die(Spawner jvm, int wanted) throws IOException, InterruptedException {
    try (ChildProcess child = jvm.spawn();
        BufferedReader output = new BufferedReader(new InputStreamReader(child.stdout(), UTF_8))) {
      String count = output.readLine();
      if (count == null) {
        throw new IOException("the JVM with the children ended: " + child.waitFor());
      }
      if (Integer.parseInt(count) != wanted) {
        throw new IOException("the JVM has " + count + " children instead of " + wanted);
      }
      long start = System.nanoTime();
      child.kill();
      if (child.pipeFrom(LiveBenchmark.LIFELINE).read() >= 0) {
        throw new IOException("unexpected data in the pipe");
      }
      return System.nanoTime() - start;
    }
  }
}
