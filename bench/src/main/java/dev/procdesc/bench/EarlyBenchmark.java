package dev.procdesc.bench;

import java.time.Duration;
import java.util.List;

/**
 * Measures the spawns of a fresh JVM after its first one, which {@link ColdBenchmark} measures: the
 * mean, because each of them is slower than later ones for a different reason.
 */
final class EarlyBenchmark implements Benchmark {
  private static final int SPAWNS = 50;

  @Override
  public List<Row> run(Context context) throws Exception {
    String what = "spawns 2 to " + SPAWNS + " of a JVM, mean";
    Turns turns = new Turns();
    Measurement ours = turns.add((count, into) -> into.add(jvm("procdesc")));
    Measurement theirs = context.program().isPresent()
        ? turns.add((count, into) -> {
          try (NativePeer c = new NativePeer(context, "spawn", Spawns.PROGRAM)) {
            into.add(mean(c));
          }
        })
        : Measurement.without(context.noProgram());
    Measurement jdk = turns.add((count, into) -> into.add(jvm("ProcessBuilder")));
    turns.run(1, context.options().sized(6, 30), 1);
    Unit unit = Unit.NANOSECONDS;
    return List.of(
        Row.of(
            what,
            unit,
            ours,
            "C vfork + execve + waitpid",
            theirs,
            new Budget(Budget.Kind.RATIO, 1.6)),
        Row.of(
            what,
            unit,
            ours,
            "ProcessBuilder, inheritIO",
            jdk,
            new Budget(Budget.Kind.SPEEDUP, 1.8)));
  }

  private static long jvm(String library) throws Exception {
    try (JvmPeer jvm =
        new JvmPeer(Load.NONE.jvm(Jvm.classPath(), library, false, Duration.ofMinutes(1)))) {
      return mean(jvm);
    }
  }

  private static long mean(Turns.Peer peer) throws Exception {
    Samples samples = new Samples();
    peer.measure(SPAWNS, samples);
    return samples.meanFrom(1);
  }
}
