package dev.procdesc.bench;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Measures the command {@code pd} as a user sees it: a whole process that runs a command. */
final class PdBenchmark implements Benchmark {
  private static final String WHAT = "pd run -- true, whole process";

  @Override
  public List<Row> run(Context context) throws Exception {
    Optional<Path> pd = context.options().path(Options.PathOption.PD);
    if (pd.isEmpty()) {
      return List.of(Row.without(WHAT, "", Missing.notRun("no --pd")));
    }
    Spawner spawner = Spawner.of(pd.get().toAbsolutePath().toString(), "run", "--", "true")
        .environment("JAVA_HOME", System.getProperty("java.home"))
        .stdin(Stdio.nullDevice());
    Turns turns = new Turns();
    Measurement times = turns.addOnce(() -> once(spawner));
    // The first runs may build it, and make an archive of its classes.
    turns.run(2, context.options().sized(5, 20), 1);
    if (times.missing().isPresent()) {
      return List.of(Row.without(WHAT, "", times.missing().get()));
    }
    return List.of(Row.of(WHAT, Unit.NANOSECONDS, (double) times.median(), 0.13e9, ""));
  }

  private static long once(Spawner spawner) throws IOException, InterruptedException {
    long start = System.nanoTime();
    try (ChildProcess child = spawner.spawn()) {
      ExitStatus status = child.waitFor();
      if (!status.isSuccess()) {
        throw new IOException("pd: " + status);
      }
    }
    return System.nanoTime() - start;
  }
}
