package dev.procdesc.bench;

import dev.procdesc.Spawner;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Measures spawn and wait for several values of a condition of the parent, for a plot. */
final class ScalingBenchmark implements Benchmark {
  private static final Duration MAX_TURN = Duration.ofSeconds(1);

  /** The smallest heap in which a JVM starts many children. */
  private static final int SMALL_HEAP = 64;

  /** A condition with its number and its name. */
  private record Condition(double x, String label, Load load) {}

  private final String name;
  private final String axis;
  private final List<Condition> conditions = new ArrayList<>();

  private ScalingBenchmark(String name, String axis) {
    this.name = name;
    this.axis = axis;
  }

  /** Returns the benchmark with different numbers of open descriptors. */
  static ScalingBenchmark byDescriptors() {
    ScalingBenchmark benchmark = new ScalingBenchmark("descriptors", "open descriptors");
    for (int count : new int[] {0, 1000, 5000, 18_000}) {
      benchmark.add(count, "%,d open descriptors", new Load(count, 0, 0));
    }
    return benchmark;
  }

  /** Returns the benchmark with different numbers of live children. */
  static ScalingBenchmark byChildren() {
    ScalingBenchmark benchmark = new ScalingBenchmark("children", "live children");
    for (int count : new int[] {0, 1000, 10_000}) {
      benchmark.add(count, "%,d live children", new Load(0, count, 0));
    }
    return benchmark;
  }

  /** Returns the benchmark with different sizes of the heap. */
  static ScalingBenchmark byHeap() {
    ScalingBenchmark benchmark = new ScalingBenchmark("heap", "GiB of heap");
    benchmark.conditions.add(new Condition(
        SMALL_HEAP / 1024.0, SMALL_HEAP + " MiB in memory", new Load(0, 0, SMALL_HEAP)));
    for (int count : new int[] {1, 4, 8}) {
      benchmark.add(count, "%,d GiB in memory", new Load(0, 0, count * 1024));
    }
    return benchmark;
  }

  private void add(int x, String label, Load load) {
    conditions.add(new Condition(x, String.format(Locale.ROOT, label, x), load));
  }

  @Override
  public List<Row> run(Context context) throws Exception {
    return measure(context).rows();
  }

  /** Measures all points. */
  Scaling measure(Context context) throws IOException, InterruptedException {
    List<Scaling.Point> points = new ArrayList<>();
    for (Condition condition : conditions) {
      System.err.println("  " + condition.label() + " …");
      points.add(
          new Scaling.Point(condition.x(), condition.label(), measure(context, condition.load())));
    }
    return new Scaling(name, axis, points);
  }

  private static List<Scaling.Peer> measure(Context context, Load load)
      throws IOException, InterruptedException {
    Optional<Missing> refusal = load.refusal();
    List<Scaling.Peer> peers = new ArrayList<>();
    Turns turns = new Turns();
    for (String name : Scaling.names()) {
      Measurement measurement;
      if (refusal.isPresent()) {
        measurement = Measurement.without(refusal.get());
      } else if (name.equals(Scaling.C)) {
        measurement = context.program().isPresent()
            ? turns.add(fresh(context, context.program().get().spawner(load.arguments(false))))
            : Measurement.without(context.noProgram());
      } else {
        measurement = turns.add(fresh(context, load.jvm(Jvm.classPath(), name, false, MAX_TURN)));
      }
      peers.add(new Scaling.Peer(name, measurement));
    }
    turns.run(0, context.options().sized(1, 3), context.options().sized(50, 200));
    return peers;
  }

  /**
   * Returns a peer that starts the program for each turn and ends it afterwards, because not all of
   * them fit into memory together.
   */
  private static Turns.Peer fresh(Context context, Spawner program) {
    int warmup = context.options().sized(1, 6);
    return (count, into) -> {
      try (Sampler sampler = Sampler.start(program)) {
        for (int i = 0; i < warmup; i++) {
          sampler.measure(500, new Samples());
        }
        sampler.measure(count, into);
        sampler.end();
      }
    };
  }
}
