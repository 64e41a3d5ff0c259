package dev.procdesc.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.procdesc.ChildProcess;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Spawns many children, one after the other, and compares all that the library holds after the last
 * one with what it held after the first tenth; and the times of the first spawns with those of the
 * last.
 *
 * @param count the number of children
 */
record SoakBenchmark(int count) implements Benchmark {
  /** The number of spawns at the beginning and at the end whose times are compared. */
  private static final int WINDOW = 10_000;

  /** The JVM's own memory varies with its compilers and collectors; leaks add up to more. */
  private static final long HEAP_NOISE = 1 << 20;

  private static final long RESIDENT_NOISE = 32 << 20;

  private static final long MEMORY_OF_GUARDIAN = 64 << 10;

  /** A JVM whose memory varies little: the heap is entirely in memory from the beginning. */
  private static final List<String> STEADY =
      List.of("-XX:+UseSerialGC", "-Xms64m", "-Xmx64m", "-XX:+AlwaysPreTouch");

  @Override
  public List<Row> run(Context context) throws Exception {
    int tenth = count / 10;
    int window = Math.min(WINDOW, tenth);
    Spawner jvm = Jvm.running(SoakJvm.class, STEADY).stdin(Stdio.pipe()).stdout(Stdio.pipe());
    Measurement first = new Measurement();
    Measurement last = new Measurement();
    Measurement firstOfC = new Measurement();
    Measurement lastOfC = new Measurement();
    try (ChildProcess child = jvm.spawn();
        BufferedReader answers = new BufferedReader(new InputStreamReader(child.stdout(), UTF_8));
        NativePeer c = new NativePeer(context, "spawn", Spawns.PROGRAM)) {
      Map<String, Long> numbers = stage(child, answers, window);
      add(first, numbers);
      measure(c, context, firstOfC);
      if (tenth > window) {
        numbers = stage(child, answers, tenth - window);
      }
      Map<String, Long> before = numbers;
      stage(child, answers, count - tenth - window);
      measure(c, context, lastOfC);
      Map<String, Long> after = stage(child, answers, window);
      add(last, after);
      List<Row> rows = new ArrayList<>(flat(before, after, tenth));
      rows.add(times(first, last, firstOfC, lastOfC, window));
      return rows;
    }
  }

  /** Returns whether nothing has grown, as far as this system shows it. */
  static boolean isFlat(List<Row> rows) {
    return rows.stream()
        .flatMap(row -> row.result().stream())
        .filter(result -> result.kind() == Budget.Kind.EXCESS)
        .allMatch(result -> result.isMet().orElse(false));
  }

  private List<Row> flat(Map<String, Long> before, Map<String, Long> after, int tenth) {
    String peer = String.format(Locale.ROOT, "after %,d", tenth);
    List<Row> rows = new ArrayList<>();
    rows.add(row("descriptors", SoakJvm.DESCRIPTORS, Unit.COUNT, before, after, peer, 0));
    rows.add(row("threads", SoakJvm.THREADS, Unit.COUNT, before, after, peer, 0));
    rows.add(row("zombies", SoakJvm.ZOMBIES, Unit.COUNT, before, after, peer, 0));
    rows.add(
        row("heap after a collection", SoakJvm.HEAP, Unit.BYTES, before, after, peer, HEAP_NOISE));
    rows.add(
        row("resident memory", SoakJvm.RESIDENT, Unit.BYTES, before, after, peer, RESIDENT_NOISE));
    rows.add(row(
        "descriptors of the guardian",
        SoakJvm.GUARDIAN_DESCRIPTORS,
        Unit.COUNT,
        before,
        after,
        peer,
        0));
    rows.add(row(
        "resident memory of the guardian",
        SoakJvm.GUARDIAN_RESIDENT,
        Unit.BYTES,
        before,
        after,
        peer,
        MEMORY_OF_GUARDIAN));
    return rows;
  }

  private Row row(
      String name,
      String key,
      Unit unit,
      Map<String, Long> before,
      Map<String, Long> after,
      String peer,
      long limit) {
    String what = String.format(Locale.ROOT, "%,d spawns: %s", count, name);
    if (!before.containsKey(key) || !after.containsKey(key)) {
      return Row.without(what, peer, Missing.notRun("there is no guardian, or it may not be seen"));
    }
    return Row.of(
        what, unit, after.get(key), peer, before.get(key), new Budget(Budget.Kind.EXCESS, limit));
  }

  private Row times(
      Measurement first, Measurement last, Measurement firstOfC, Measurement lastOfC, int window) {
    Row row = Row.of(
        String.format(Locale.ROOT, "%,d spawns: time of the last %,d", count, window),
        Unit.NANOSECONDS,
        last,
        String.format(Locale.ROOT, "the first %,d", window),
        first,
        new Budget(Budget.Kind.RATIO, 1.1));
    if (firstOfC.missing().isPresent() || lastOfC.missing().isPresent()) {
      return row;
    }
    // The load of the machine may have changed meanwhile.
    return row.withNote(String.format(
        Locale.ROOT,
        "C in the same minutes: %.2f ×",
        (double) lastOfC.median() / firstOfC.median()));
  }

  private static Map<String, Long> stage(ChildProcess child, BufferedReader answers, int spawns)
      throws IOException, InterruptedException {
    child.stdin().write((spawns + "\n").getBytes(UTF_8));
    String line = answers.readLine();
    if (line == null) {
      throw new IOException("the JVM of the soak ended: " + child.waitFor());
    }
    System.err.println(String.format(Locale.ROOT, "%,d spawns: %s", spawns, line));
    Map<String, Long> numbers = new HashMap<>();
    for (String number : line.split(" ", -1)) {
      String[] parts = number.split("=", 2);
      numbers.put(parts[0], Long.parseLong(parts[1]));
    }
    return numbers;
  }

  private static void add(Measurement measurement, Map<String, Long> numbers) {
    Samples samples = new Samples();
    samples.add(numbers.getOrDefault(SoakJvm.TIME, 0L));
    measurement.add(samples);
  }

  private static void measure(NativePeer c, Context context, Measurement into)
      throws InterruptedException {
    Turns turns = new Turns();
    Measurement measured = c.addTo(turns);
    turns.run(0, 1, context.options().sized(200, 2000));
    measured.missing().ifPresentOrElse(into::fail, () -> into.add(measured.all()));
  }
}
