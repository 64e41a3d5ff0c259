package dev.procdesc.bench;

import com.zaxxer.nuprocess.NuAbstractProcessHandler;
import com.zaxxer.nuprocess.NuProcess;
import dev.procdesc.ChildProcess;
import dev.procdesc.OnClose;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** Measures a trivial program, from the call that starts it until its exit status is available. */
final class SpawnBenchmark implements Benchmark {
  /** An ordinary program, which loads the C library and exits. */
  static final String PROGRAM = "/bin/true";

  private static final String WHAT = "spawn + wait";
  private static final String PIPES = "spawn + wait, 3 pipes";
  private static final String C = "C vfork + execve + waitpid";

  /**
   * A child like that of the C program: it inherits the standard descriptors, and no guard kills it
   * when the parent dies. The cost of the guard is a separate row.
   */
  static final Spawner RELEASED = Spawner.of(PROGRAM).onClose(OnClose.RELEASE);

  private static final Spawner PIPED =
      RELEASED.stdin(Stdio.pipe()).stdout(Stdio.pipe()).stderr(Stdio.pipe());

  @Override
  public List<Row> run(Context context) throws Exception {
    Turns turns = new Turns();
    try (NativePeer c = new NativePeer(context, "spawn", PROGRAM)) {
      Measurement ours = turns.addOnce(() -> procdesc(RELEASED));
      Measurement theirs = c.addTo(turns);
      Measurement builder = turns.addOnce(() -> processBuilder(true));
      Measurement piped = turns.addOnce(SpawnBenchmark::procdescPiped);
      Measurement builderPiped = turns.addOnce(() -> processBuilder(false));
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
          Row.of(WHAT, Unit.NANOSECONDS, ours, C, theirs, new Budget(Budget.Kind.RATIO, 1.05)),
          slower,
          Row.of(
              PIPES, Unit.NANOSECONDS, piped, "ProcessBuilder", builderPiped, Budget.Kind.SPEEDUP),
          Row.of(PIPES, Unit.NANOSECONDS, piped, "NuProcess", nu, Budget.Kind.SPEEDUP));
    }
  }

  /**
   * Returns the duration in nanoseconds, including the close, which the C program does not need.
   */
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
      // The caller must close the pipes of a released child.
      child.stdin().close();
      child.stdout().close();
      child.stderr().close();
    }
    return System.nanoTime() - start;
  }

  /** Returns the duration in nanoseconds. ProcessBuilder creates pipes by default. */
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

  /**
   * Returns the duration in nanoseconds. NuProcess always creates pipes, and closes them itself.
   */
  static long nuProcess() throws IOException, InterruptedException {
    long start = System.nanoTime();
    NuProcess process = NuPeer.start(new NuAbstractProcessHandler() {}, PROGRAM);
    check(process.waitFor(1, TimeUnit.MINUTES) == 0);
    return System.nanoTime() - start;
  }

  private static void check(boolean success) {
    if (!success) {
      throw new IllegalStateException(PROGRAM + " failed");
    }
  }
}
