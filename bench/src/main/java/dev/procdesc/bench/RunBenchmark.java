package dev.procdesc.bench;

import dev.procdesc.Capture;
import dev.procdesc.ChildProcess;
import dev.procdesc.CompletedProcess;
import dev.procdesc.OnClose;
import dev.procdesc.RunOptions;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Measures {@code run()}: of a small command, and of one with much output. */
final class RunBenchmark implements Benchmark {
  private static final int CHUNK = 64 * 1024;

  /** The captured part of a large output, which bounds the memory. */
  private static final int TAIL = 1024 * 1024;

  private static final Spawner ECHO = Spawner.of("/bin/echo", "hello").onClose(OnClose.RELEASE);

  private static final Spawner PIPED =
      ECHO.stdin(Stdio.pipe()).stdout(Stdio.pipe()).stderr(Stdio.pipe());

  @Override
  public List<Row> run(Context context) throws Exception {
    List<Row> rows = new ArrayList<>();
    rows.add(echo(context));
    rows.add(capture(context));
    return rows;
  }

  private static Row echo(Context context) throws InterruptedException {
    Turns turns = new Turns();
    Measurement run = turns.addOnce(RunBenchmark::runEcho);
    Measurement spawn = turns.addOnce(RunBenchmark::spawnEcho);
    turns.run(
        context.options().sized(1000, 5000),
        context.options().sized(10, 60),
        context.options().sized(20, 30));
    return Row.of(
        "run() of echo",
        Unit.NANOSECONDS,
        run,
        "spawn + wait, 3 pipes",
        spawn,
        new Budget(Budget.Kind.RATIO, 1.15));
  }

  private static long runEcho() throws IOException, InterruptedException {
    long start = System.nanoTime();
    Spawns.check(ECHO.run().stdout().length == "hello\n".length());
    return System.nanoTime() - start;
  }

  private static long spawnEcho() throws IOException, InterruptedException {
    long start = System.nanoTime();
    try (ChildProcess child = PIPED.spawn()) {
      Spawns.check(child.waitFor().isSuccess());
      child.stdin().close();
      child.stdout().close();
      child.stderr().close();
    }
    return System.nanoTime() - start;
  }

  private static Row capture(Context context) throws InterruptedException {
    int chunks = context.options().sized(4096, 16_384);
    long size = (long) chunks * CHUNK;
    String[] command = {"/bin/dd", "if=/dev/zero", "bs=" + CHUNK, "count=" + chunks, "status=none"};
    Spawner spawner = Spawner.of(command);
    List<String> arguments = new ArrayList<>(List.of(command));
    arguments.add(0, "read");
    Turns turns = new Turns();
    try (NativePeer c = new NativePeer(context, arguments.toArray(String[]::new))) {
      Measurement ours = turns.addOnce(() -> OutputBenchmark.rate(size, captured(spawner)));
      Measurement theirs = c.addTo(turns, (count, into) -> {
        Samples times = new Samples();
        c.measure(count, times);
        into.add(OutputBenchmark.rate(size, times.median()));
      });
      turns.run(1, context.options().sized(5, 9), 1);
      return Row.of(
          "run(), large output",
          Unit.BYTES_PER_SECOND,
          ours,
          OutputBenchmark.C,
          theirs,
          new Budget(Budget.Kind.SHARE, 0.9));
    }
  }

  private static long captured(Spawner spawner) throws IOException, InterruptedException {
    long start = System.nanoTime();
    CompletedProcess end = spawner.run(RunOptions.defaults().stdout(Capture.tail(TAIL)));
    Spawns.check(end.orThrow().stdout().length == TAIL);
    return System.nanoTime() - start;
  }
}
