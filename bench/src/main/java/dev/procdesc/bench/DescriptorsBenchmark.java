package dev.procdesc.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Measures spawn and wait in a JVM with many open descriptors, as a server has them. */
final class DescriptorsBenchmark implements Benchmark {
  private static final int MANY = 18_000;
  private static final String C = "C vfork + execve + waitpid";
  private static final String JDK = "ProcessBuilder";
  private static final String NONE = "0 open descriptors";
  private static final Duration MAX_TURN = Duration.ofMillis(500);

  @Override
  public List<Row> run(Context context) throws Exception {
    List<Row> rows = new ArrayList<>();
    for (boolean pipes : new boolean[] {false, true}) {
      rows.addAll(run(context, pipes));
    }
    return rows;
  }

  private static List<Row> run(Context context, boolean pipes)
      throws IOException, InterruptedException {
    String what = String.format(Locale.ROOT, "spawn + wait, %,d descriptors", MANY)
        + (pipes ? ", 3 pipes" : "");
    Load load = new Load(MANY, 0, 0);
    Optional<Missing> refusal = load.refusal();
    if (refusal.isPresent()) {
      return List.of(Row.without(what, C, refusal.get()));
    }
    Optional<Path> baseline = context.options().path(Options.PathOption.BASELINE);
    Turns turns = new Turns();
    try (JvmPeer procdesc = new JvmPeer(load.jvm(Jvm.classPath(), "procdesc", pipes, MAX_TURN));
        JvmPeer unloaded =
            new JvmPeer(Load.NONE.jvm(Jvm.classPath(), "procdesc", pipes, MAX_TURN));
        JvmPeer builder =
            new JvmPeer(load.jvm(Jvm.classPath(), "ProcessBuilder", pipes, MAX_TURN));
        JvmPeer older =
            new JvmPeer(load.jvm(Jvm.classPathBehind(baseline), "procdesc", pipes, MAX_TURN));
        NativePeer c = new NativePeer(context, load.arguments(pipes))) {
      Measurement ours = turns.add(procdesc);
      Measurement theirs = c.addTo(turns);
      Measurement without = turns.add(unloaded);
      Measurement jdk = turns.add(builder);
      Measurement before = baseline.isPresent()
          ? turns.add(older)
          : Measurement.without(Missing.notRun("no --baseline"));
      // In several turns, because a JVM limits the time of each.
      for (int i = 0; i < context.options().sized(2, 10); i++) {
        turns.run(200, 0, 0);
      }
      turns.run(0, context.options().sized(10, 40), context.options().sized(20, 50));
      Unit unit = Unit.NANOSECONDS;
      return List.of(
          Row.of(what, unit, ours, C, theirs, new Budget(Budget.Kind.RATIO, 0.4)),
          Row.of(what, unit, ours, JDK, jdk, new Budget(Budget.Kind.SPEEDUP, 100)),
          Row.of(what, unit, ours, NONE, without, new Budget(Budget.Kind.RATIO, 1.5)),
          Row.of(what, unit, ours, Row.BASELINE, before, new Budget(Budget.Kind.SPEEDUP, 6)));
    }
  }
}
