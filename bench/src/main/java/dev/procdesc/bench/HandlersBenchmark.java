package dev.procdesc.bench;

import com.zaxxer.nuprocess.NuAbstractProcessHandler;
import com.zaxxer.nuprocess.NuProcess;
import dev.procdesc.ChildProcess;
import dev.procdesc.OutputSubscribers;
import dev.procdesc.PipeSubscriber;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Measures many children that write at once, from the first start until all their output was
 * handled and all have ended.
 */
final class HandlersBenchmark implements Benchmark {
  private static final int PIECE = 4096;
  private static final int PIECES = 256;
  private static final long SIZE = (long) PIECE * PIECES;

  /** The threads of the executor in which the library runs the handlers. */
  private static final int THREADS = 2;

  private static final String[] COMMAND = {
    "/bin/dd", "if=/dev/zero", "bs=" + PIECE, "count=" + PIECES, "status=none"
  };

  private final AtomicInteger threads = new AtomicInteger();

  @Override
  public List<Row> run(Context context) throws Exception {
    int children = context.options().sized(100, 1000);
    String what = String.format(Locale.ROOT, "%,d children that write 1 MiB", children);
    Turns turns = new Turns();
    Measurement ours = turns.addOnce(() -> procdesc(children));
    Measurement nu = turns.addOnce(() -> nuProcess(children));
    Measurement builder = turns.addOnce(() -> processBuilder(children));
    List<String> loop = new ArrayList<>(List.of("loop", String.valueOf(children)));
    loop.addAll(List.of(COMMAND));
    Measurement c;
    try (NativePeer peer = new NativePeer(context, loop.toArray(String[]::new))) {
      c = peer.addTo(turns);
      turns.run(1, context.options().sized(3, 7), 1);
    }
    return List.of(
        Row.of(what, Unit.NANOSECONDS, ours, "C epoll loop", c, Budget.Kind.RATIO),
        Row.of(what, Unit.NANOSECONDS, ours, "NuProcess", nu, new Budget(Budget.Kind.RATIO, 0.7)),
        Row.of(
            what,
            Unit.NANOSECONDS,
            ours,
            "ProcessBuilder, a thread for each stream",
            builder,
            new Budget(Budget.Kind.RATIO, 0.5)),
        Row.of(what + ": threads of the library", Unit.COUNT, threads.get(), 2, ""));
  }

  private long procdesc(int children) throws IOException, InterruptedException {
    Spawner spawner = Spawner.of(COMMAND).stdout(Stdio.pipe());
    AtomicLong total = new AtomicLong();
    ExecutorService executor = Executors.newFixedThreadPool(THREADS);
    List<ChildProcess> started = new ArrayList<>();
    List<PipeSubscriber> streams = new ArrayList<>();
    long start = System.nanoTime();
    try {
      for (int i = 0; i < children; i++) {
        ChildProcess child = spawner.spawn();
        started.add(child);
        PipeSubscriber stream =
            OutputSubscribers.ofBytes(bytes -> total.addAndGet(bytes.remaining()));
        streams.add(stream);
        child.stdout().publisher(executor).subscribe(stream);
      }
      threads.accumulateAndGet(ownThreads(), Math::max);
      for (PipeSubscriber stream : streams) {
        stream.completion().join();
      }
      threads.accumulateAndGet(ownThreads(), Math::max);
      for (ChildProcess child : started) {
        check(child.waitFor().isSuccess());
      }
    } finally {
      started.forEach(ChildProcess::close);
      executor.shutdown();
    }
    check(total.get() == children * SIZE);
    return System.nanoTime() - start;
  }

  /** Returns the number of threads that the library has started and that are alive. */
  private static int ownThreads() {
    return (int) Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("procdesc-"))
        .count();
  }

  private static long nuProcess(int children) throws IOException, InterruptedException {
    AtomicLong total = new AtomicLong();
    List<NuProcess> started = new ArrayList<>();
    long start = System.nanoTime();
    for (int i = 0; i < children; i++) {
      started.add(NuPeer.start(
          new NuAbstractProcessHandler() {
            @Override
            public void onStdout(ByteBuffer bytes, boolean closed) {
              total.addAndGet(bytes.remaining());
              bytes.position(bytes.limit());
            }
          },
          COMMAND));
    }
    for (NuProcess process : started) {
      check(process.waitFor(1, TimeUnit.MINUTES) == 0);
    }
    check(total.get() == children * SIZE);
    return System.nanoTime() - start;
  }

  private static long processBuilder(int children) throws IOException, InterruptedException {
    ProcessBuilder builder =
        new ProcessBuilder(COMMAND).redirectError(ProcessBuilder.Redirect.INHERIT);
    AtomicLong total = new AtomicLong();
    List<Process> started = new ArrayList<>();
    List<Thread> readers = new ArrayList<>();
    long start = System.nanoTime();
    for (int i = 0; i < children; i++) {
      Process process = builder.start();
      process.getOutputStream().close();
      started.add(process);
      Thread reader = new Thread(() -> total.addAndGet(drain(process.getInputStream())));
      readers.add(reader);
      reader.start();
    }
    for (Thread reader : readers) {
      reader.join();
    }
    for (Process process : started) {
      check(process.waitFor() == 0);
    }
    check(total.get() == children * SIZE);
    return System.nanoTime() - start;
  }

  private static long drain(InputStream output) {
    byte[] piece = new byte[PIECE];
    long total = 0;
    try (output) {
      for (int count = output.read(piece); count >= 0; count = output.read(piece)) {
        total += count;
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return total;
  }

  private static void check(boolean success) {
    if (!success) {
      throw new IllegalStateException("a child failed, or its output is incomplete");
    }
  }
}
