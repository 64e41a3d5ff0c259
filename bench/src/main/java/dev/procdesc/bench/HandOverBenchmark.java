package dev.procdesc.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.procdesc.ChildProcess;
import dev.procdesc.DescriptorChannel;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;

/**
 * Measures how long it takes to hand many children to a successor: a name, a process and its
 * lifeline in each message. All descriptors are those of one child, which costs the kernel the
 * same, and the successor is a thread. The C program makes the same system calls: it checks what
 * has arrived, and reads the ID of the process.
 */
final class HandOverBenchmark implements Benchmark {
  private static final String C = "C sendmsg → recvmsg, checked";
  private static final int WANTED = 10_000;

  /** The descriptors of a JVM, and those on their way. */
  private static final int OTHER_DESCRIPTORS = 1000;

  @Override
  public List<Row> run(Context context) throws Exception {
    int children = howMany();
    Turns turns = new Turns();
    try (ChildProcess child = Spawner.of("/bin/cat").stdin(Stdio.pipe()).spawn();
        NativePeer c = new NativePeer(context, "hand-over", String.valueOf(children))) {
      Measurement ours = turns.addOnce(() -> handOver(child, children));
      Measurement theirs = c.addTo(turns);
      turns.run(
          context.options().sized(30, 60),
          context.options().sized(6, 20),
          context.options().sized(2, 4));
      String what = String.format(Locale.ROOT, "hand over %,d children", children);
      Budget budget = new Budget(Budget.Kind.RATIO, 2);
      return List.of(Row.of(what, Unit.NANOSECONDS, ours, C, theirs, budget));
    }
  }

  /** Returns the number of children whose two descriptors this JVM can hold. */
  private static int howMany() throws IOException {
    OptionalLong limit = Proc.descriptorLimit();
    return limit.isEmpty()
        ? WANTED
        : (int) Math.min(WANTED, (limit.getAsLong() - OTHER_DESCRIPTORS) / 2);
  }

  private static long handOver(ProcessDescriptor child, int children) throws IOException {
    List<ProcessDescriptor> taken = new ArrayList<>(children);
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair()) {
      long start = System.nanoTime();
      CompletableFuture<Void> predecessor = new CompletableFuture<>();
      new Thread(() -> {
            try (DescriptorChannel channel = pair.first()) {
              for (int i = 0; i < children; i++) {
                channel.send(("child" + i).getBytes(UTF_8), child);
              }
              predecessor.complete(null);
            } catch (IOException e) {
              predecessor.completeExceptionally(e);
            }
          })
          .start();
      while (taken.size() < children) {
        taken.add(pair.second().receive().descriptors().get(0));
      }
      long time = System.nanoTime() - start;
      predecessor.join();
      return time;
    } finally {
      taken.forEach(ProcessDescriptor::close);
    }
  }
}
