package dev.procdesc.bench;

import com.sun.jna.Function;
import com.sun.jna.NativeLibrary;
import dev.procdesc.ChildProcess;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Measures how long it takes to adopt a descriptor that other code has opened. */
final class AdoptBenchmark implements Benchmark {
  private static final String WHAT = "adopt a descriptor";
  private static final String C = "C pidfd_open + waitid + fcntl";

  @Override
  public List<Row> run(Context context) throws Exception {
    Function dup = NativeLibrary.getInstance("c").getFunction("dup");
    Turns turns = new Turns();
    try (ChildProcess child = Spawner.of("/bin/cat").stdin(Stdio.pipe()).spawn();
        NativePeer c = new NativePeer(context, "adopt")) {
      Measurement ours = turns.addOnce(() -> adopt(dup, child.fd()));
      Measurement theirs = c.addTo(turns);
      turns.run(
          context.options().sized(2000, 20_000),
          context.options().sized(10, 60),
          context.options().sized(200, 1000));
      Budget budget = new Budget(Budget.Kind.EXCESS, TimeUnit.MICROSECONDS.toNanos(20));
      return List.of(Row.of(WHAT, Unit.NANOSECONDS, ours, C, theirs, budget));
    }
  }

  private static long adopt(Function dup, int fd) throws IOException {
    int copy = dup.invokeInt(new Object[] {fd});
    long start = System.nanoTime();
    ProcessDescriptor adopted = ProcessDescriptor.of(copy);
    long taken = System.nanoTime() - start;
    adopted.close();
    return taken;
  }
}
