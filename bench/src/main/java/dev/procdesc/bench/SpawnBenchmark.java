package dev.procdesc.bench;

import com.zaxxer.nuprocess.NuAbstractProcessHandler;
import com.zaxxer.nuprocess.NuProcess;
import com.zaxxer.nuprocess.NuProcessBuilder;
import dev.procdesc.ChildProcess;
import dev.procdesc.OnClose;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** A program that does nothing, from the call that starts it until its status is there. */
final class SpawnBenchmark implements Benchmark {
  /** An ordinary program: it loads the C library and ends. */
  static final String PROGRAM = "/bin/true";

  private static final String WHAT = "spawn + wait";
  private static final String PIPES = "spawn + wait, 3 pipes";
  private static final String C = "C vfork + execve + waitpid";

  /**
   * A child like the C program's: it inherits the standard descriptors, and nobody guards it
   * against the parent's death. What the guard costs is a row of its own.
   */
  static final Spawner RELEASED = Spawner.of(PROGRAM).onClose(OnClose.RELEASE);

  private static final Spawner PIPED =
      RELEASED.stdin(Stdio.pipe()).stdout(Stdio.pipe()).stderr(Stdio.pipe());

  @Override
  public List<Row> run(Context context) throws Exception {
    Turns turns = new Turns();
    List<Row> rows = new ArrayList<>();
    NativeProgram.Running c =
        context.program().isPresent() ? context.program().get().start("spawn", PROGRAM) : null;
    try (c) {
      Measurement ours = turns.addOnce(() -> procdesc(RELEASED));
      Measurement theirs = c == null ? new Measurement() : turns.add(c);
      Measurement builder = turns.addOnce(() -> processBuilder(true));
      Measurement piped = turns.addOnce(SpawnBenchmark::procdescPiped);
      Measurement builderPiped = turns.addOnce(() -> processBuilder(false));
      Measurement nu = turns.addOnce(SpawnBenchmark::nuProcess);
      turns.run(
          context.options().sized(1000, 10_000),
          context.options().sized(10, 60),
          context.options().sized(20, 50));
      rows.add(
          c == null
              ? Row.absent(WHAT, C, Context.NO_COMPILER)
              : Row.of(
                  WHAT, Unit.NANOSECONDS, ours, C, theirs, new Budget(Budget.Kind.RATIO, 1.05)));
      Row slower = Row.of(
          WHAT,
          Unit.NANOSECONDS,
          ours,
          "ProcessBuilder, inheritIO",
          builder,
          new Budget(Budget.Kind.SPEEDUP, 3));
      // What the kernel takes to load a program is the same for all: no faster than C is possible.
      rows.add(
          c == null
              ? slower
              : slower.withNote(String.format(
                  Locale.ROOT,
                  "C itself is %.2f × faster",
                  (double) builder.median() / theirs.median())));
      rows.add(Row.of(
          PIPES, Unit.NANOSECONDS, piped, "ProcessBuilder", builderPiped, Budget.Kind.SPEEDUP));
      rows.add(Row.of(PIPES, Unit.NANOSECONDS, piped, "NuProcess", nu, Budget.Kind.SPEEDUP));
    }
    return rows;
  }

  /** Nanoseconds, with the close that C does not need. */
  static long procdesc(Spawner spawner) throws IOException, InterruptedException {
    long start = System.nanoTime();
    try (ChildProcess child = spawner.spawn()) {
      check(child.waitFor().isSuccess());
    }
    return System.nanoTime() - start;
  }

  private static long procdescPiped() throws IOException, InterruptedException {
    long start = System.nanoTime();
    try (ChildProcess child = PIPED.spawn()) {
      check(child.waitFor().isSuccess());
      // A released child's pipes are the caller's.
      child.stdin().close();
      child.stdout().close();
      child.stderr().close();
    }
    return System.nanoTime() - start;
  }

  /** Nanoseconds. Pipes are its default. */
  static long processBuilder(boolean inherit) throws IOException, InterruptedException {
    long start = System.nanoTime();
    ProcessBuilder builder = new ProcessBuilder(PROGRAM);
    Process process = (inherit ? builder.inheritIO() : builder).start();
    check(process.waitFor() == 0);
    if (!inherit) {
      process.getOutputStream().close();
      process.getInputStream().close();
      process.getErrorStream().close();
    }
    return System.nanoTime() - start;
  }

  /** Nanoseconds. It always has pipes, and closes them itself. */
  static long nuProcess() throws InterruptedException {
    long start = System.nanoTime();
    NuProcess process = new NuProcessBuilder(new NuAbstractProcessHandler() {}, PROGRAM).start();
    if (process == null) {
      throw new IllegalStateException("NuProcess could not start " + PROGRAM);
    }
    check(process.waitFor(1, TimeUnit.MINUTES) == 0);
    return System.nanoTime() - start;
  }

  private static void check(boolean success) {
    if (!success) {
      throw new IllegalStateException(PROGRAM + " failed");
    }
  }
}
