package dev.procdesc.bench;

import dev.procdesc.ChildProcess;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;

/**
 * Measures the throughput of a child's output, from the start of the child until all output is
 * read.
 */
final class OutputBenchmark implements Benchmark {
  private static final String WHAT = "stdout()";
  static final String C = "C read loop";
  private static final int CHUNK = 64 * 1024;

  @Override
  public List<Row> run(Context context) throws Exception {
    int chunks = context.options().sized(4096, 16_384);
    long size = (long) chunks * CHUNK;
    // Big writes, because with small ones the result depends on when the scheduler wakes the
    // reader.
    String[] command = {"/bin/dd", "if=/dev/zero", "bs=" + CHUNK, "count=" + chunks, "status=none"};
    Spawner spawner = Spawner.of(command).stdout(Stdio.pipe());
    ProcessBuilder builder = new ProcessBuilder(command)
        .redirectInput(ProcessBuilder.Redirect.INHERIT)
        .redirectError(ProcessBuilder.Redirect.INHERIT);
    Turns turns = new Turns();
    List<String> arguments = new ArrayList<>(List.of(command));
    arguments.add(0, "read");
    try (NativePeer c = new NativePeer(context, arguments.toArray(String[]::new))) {
      Measurement ours = turns.addOnce(() -> rate(size, procdesc(spawner, size)));
      Measurement jdk = turns.addOnce(() -> rate(size, processBuilder(builder, size)));
      Measurement theirs = c.addTo(turns, (count, into) -> {
        Samples times = new Samples();
        c.measure(count, times);
        into.add(rate(size, times.median()));
      });
      turns.run(1, context.options().sized(5, 9), 1);
      return List.of(
          Row.of(
              WHAT,
              Unit.BYTES_PER_SECOND,
              ours,
              "ProcessBuilder's stream",
              jdk,
              new Budget(Budget.Kind.SHARE, 0.9)),
          Row.of(WHAT, Unit.BYTES_PER_SECOND, ours, C, theirs, new Budget(Budget.Kind.SHARE, 0.8)));
    }
  }

  static long rate(long size, long nanos) {
    return Math.round(size * 1e9 / nanos);
  }

  private static long procdesc(Spawner spawner, long size)
      throws IOException, InterruptedException {
    long start = System.nanoTime();
    try (ChildProcess child = spawner.spawn()) {
      drain(child.stdout(), size);
      child.waitFor();
    }
    return System.nanoTime() - start;
  }

  private static long processBuilder(ProcessBuilder builder, long size)
      throws IOException, InterruptedException {
    long start = System.nanoTime();
    Process process = builder.start();
    try (InputStream output = process.getInputStream()) {
      drain(output, size);
      process.waitFor();
    }
    return System.nanoTime() - start;
  }

  private static void drain(InputStream output, long size) throws IOException {
    byte[] chunk = new byte[CHUNK];
    long total = 0;
    int count = output.read(chunk);
    while (count >= 0) {
      total += count;
      count = output.read(chunk);
    }
    if (total != size) {
      throw new IOException(total + " bytes were read instead of " + size);
    }
  }
}
