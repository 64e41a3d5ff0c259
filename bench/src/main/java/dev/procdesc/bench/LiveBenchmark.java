package dev.procdesc.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.procdesc.ChildProcess;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;

/** Measures the cost of many live children to a JVM. Uses a fresh JVM: see {@link LiveChildren}. */
final class LiveBenchmark implements Benchmark {
  /**
   * The descriptor number of a pipe that all children hold: end of file means that all have exited.
   */
  static final int LIFELINE = 3;

  /** The maximum memory of a child, in user space and in the kernel. */
  private static final long MEMORY_OF_CHILD = 1 << 20;

  @Override
  public List<Row> run(Context context) throws Exception {
    int wanted = howMany(context.options().sized(1000, 10_000));
    // This collector reports the live heap most exactly.
    Spawner jvm = Jvm.running(
            LiveChildren.class,
            List.of("-XX:+UseSerialGC", "-Xmx512m", "-XX:SoftRefLRUPolicyMSPerMB=0"),
            arguments(wanted, context))
        .stdout(Stdio.pipe())
        .descriptor(LIFELINE, Stdio.pipeFromChild());
    try (ChildProcess child = jvm.spawn();
        BufferedReader output = new BufferedReader(new InputStreamReader(child.stdout(), UTF_8))) {
      String line = output.readLine();
      if (line == null) {
        throw new IOException("the JVM with the children ended: " + child.waitFor());
      }
      String[] numbers = line.split(" ", 5);
      // All children have exited when the last write end of the pipe is closed.
      if (child.pipeFrom(LIFELINE).read() >= 0) {
        throw new IOException("unexpected data in the pipe");
      }
      int children = Integer.parseInt(numbers[0]);
      String what = String.format(Locale.ROOT, "%,d live children: ", children);
      return List.of(
          Row.of(
              what + "threads in all", Unit.COUNT, Double.parseDouble(numbers[1]), 3, numbers[4]),
          Row.of(what + "heap each", Unit.BYTES, Double.parseDouble(numbers[2]), 1024, ""),
          Row.of(what + "descriptors each", Unit.COUNT, Double.parseDouble(numbers[3]), 2, ""));
    }
  }

  /** Returns the arguments of a JVM with many children: their number and the command of each. */
  static String[] arguments(int wanted, Context context) {
    return context.program().isPresent()
        ? new String[] {String.valueOf(wanted), context.program().get().path().toString(), "pause"}
        : new String[] {String.valueOf(wanted), "/bin/sleep", "100000"};
  }

  /** Returns the number of children that fit into memory, at most the wanted number. */
  static int howMany(int wanted) {
    OptionalLong available = Memory.available();
    return available.isEmpty()
        ? wanted
        : (int) Math.min(wanted, available.getAsLong() * 3 / 4 / MEMORY_OF_CHILD);
  }
}
