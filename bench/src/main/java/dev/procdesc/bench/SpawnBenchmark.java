package dev.procdesc.bench;

import com.zaxxer.nuprocess.NuAbstractProcessHandler;
import com.zaxxer.nuprocess.NuProcess;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** Measures a trivial program, from the call that starts it until its exit status is available. */
final class SpawnBenchmark implements Benchmark {
  private static final String WHAT = "spawn + wait";
  private static final String PIPES = "spawn + wait, 3 pipes";
  private static final String C = "C vfork + execve + waitpid";

  @Override
  public List<Row> run(Context context) throws Exception {
    Turns turns = new Turns();
    try (NativePeer c = new NativePeer(context, "spawn", Spawns.PROGRAM)) {
      Measurement ours = turns.addOnce(() -> Spawns.procdesc(Spawns.RELEASED));
      Measurement theirs = c.addTo(turns);
      Measurement builder = turns.addOnce(() -> Spawns.processBuilder(true));
      Measurement piped = turns.addOnce(Spawns::procdescPiped);
      Measurement builderPiped = turns.addOnce(() -> Spawns.processBuilder(false));
      Measurement nu = turns.addOnce(SpawnBenchmark::nuProcess);
      turns.run(
          context.options().sized(1000, 10_000),
          context.options().sized(10, 60),
          context.options().sized(20, 50));
      Row slower = Row.of(
          WHAT,
          Unit.NANOSECONDS,
          ours,
          "ProcessBuilder, inheritIO",
          builder,
          new Budget(Budget.Kind.SPEEDUP, 3));
      // The kernel needs the same time to load the program for all peers, so no peer can be faster
      // than C.
      if (builder.missing().isEmpty() && theirs.missing().isEmpty()) {
        slower = slower.withNote(String.format(
            Locale.ROOT, "C itself is %.2f × faster", (double) builder.median() / theirs.median()));
      }
      return List.of(
          Row.of(WHAT, Unit.NANOSECONDS, ours, C, theirs, new Budget(Budget.Kind.RATIO, 1.04)),
          slower,
          Row.of(
              PIPES, Unit.NANOSECONDS, piped, "ProcessBuilder", builderPiped, Budget.Kind.SPEEDUP),
          Row.of(PIPES, Unit.NANOSECONDS, piped, "NuProcess", nu, Budget.Kind.SPEEDUP));
    }
  }

  /**
   * Returns the duration in nanoseconds. NuProcess always creates pipes, and closes them itself.
   */
  static long nuProcess() throws IOException, InterruptedException {
    long start = System.nanoTime();
    NuProcess process = NuPeer.start(new NuAbstractProcessHandler() {}, Spawns.PROGRAM);
    Spawns.check(process.waitFor(1, TimeUnit.MINUTES) == 0);
    return System.nanoTime() - start;
  }
}
