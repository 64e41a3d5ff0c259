package dev.procdesc.bench;

import dev.procdesc.ChildPipeline;
import dev.procdesc.ChildProcess;
import dev.procdesc.Pipeline;
import dev.procdesc.PipelineStatus;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Measures the throughput of a pipeline of three {@code cat}, from its start to its end. */
final class PipelineBenchmark implements Benchmark {
  private static final String WHAT = "pipeline of three cat";
  private static final int MIB = 1024 * 1024;

  @Override
  public List<Row> run(Context context) throws Exception {
    long size = (long) context.options().sized(256, 1024) * MIB;
    Path input = Files.createTempFile("procdesc-bench-", ".input");
    try {
      // A sparse file is read from memory.
      try (RandomAccessFile file = new RandomAccessFile(input.toFile(), "rw")) {
        file.setLength(size);
      }
      return measure(context, size, input);
    } finally {
      Files.delete(input);
    }
  }

  private static List<Row> measure(Context context, long size, Path input) throws Exception {
    Spawner cat = Spawner.of("cat");
    Pipeline pipeline =
        Pipeline.of(cat.stdin(Stdio.fromFile(input)), cat, cat.stdout(Stdio.nullDevice()));
    Spawner shell =
        Spawner.of("/bin/sh", "-c", "cat | cat | cat >/dev/null").stdin(Stdio.fromFile(input));
    Turns turns = new Turns();
    Measurement ours = turns.addOnce(() -> rate(size, procdesc(pipeline)));
    Measurement jdk = turns.addOnce(() -> rate(size, processBuilder(input.toFile())));
    Measurement sh = turns.addOnce(() -> rate(size, shell(shell)));
    turns.run(1, context.options().sized(5, 9), 1);
    Budget budget = new Budget(Budget.Kind.SHARE, 0.9);
    return List.of(
        Row.of(WHAT, Unit.BYTES_PER_SECOND, ours, "startPipeline", jdk, budget),
        Row.of(WHAT, Unit.BYTES_PER_SECOND, ours, "sh", sh, budget));
  }

  private static long rate(long size, long nanos) {
    return Math.round(size * 1e9 / nanos);
  }

  private static long procdesc(Pipeline pipeline) throws IOException, InterruptedException {
    long start = System.nanoTime();
    try (ChildPipeline children = pipeline.pipefail(true).spawn()) {
      PipelineStatus status = children.waitFor();
      if (!status.isSuccess()) {
        throw new IOException(status.toString());
      }
    }
    return System.nanoTime() - start;
  }

  private static long processBuilder(File input) throws IOException, InterruptedException {
    long start = System.nanoTime();
    List<Process> processes = ProcessBuilder.startPipeline(List.of(
        new ProcessBuilder("cat").redirectInput(input),
        new ProcessBuilder("cat"),
        new ProcessBuilder("cat").redirectOutput(Redirect.DISCARD)));
    for (Process process : processes) {
      if (process.waitFor() != 0) {
        throw new IOException(process.toString());
      }
    }
    return System.nanoTime() - start;
  }

  private static long shell(Spawner spawner) throws IOException, InterruptedException {
    long start = System.nanoTime();
    try (ChildProcess child = spawner.spawn()) {
      if (!child.waitFor().isSuccess()) {
        throw new IOException(child.toString());
      }
    }
    return System.nanoTime() - start;
  }
}
