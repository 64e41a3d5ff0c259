package dev.procdesc.bench;

import com.zaxxer.nuprocess.NuAbstractProcessHandler;
import com.zaxxer.nuprocess.NuProcess;
import dev.procdesc.ChildProcess;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.enxio.ExitChannel;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import jnr.enxio.channels.NativeSelectorProvider;

/**
 * Measures the time from the SIGKILL to a paused child until a callback has its exit status. Each
 * peer does the same with the same child, so all results include the kernel's work to end a
 * process.
 */
final class ExitBenchmark implements Benchmark {
  private static final String WHAT = "kill → exit callback";
  private static final String SELECTED = "kill → key selected";
  private static final String C = "C pidfd_send_signal → epoll + waitid";
  private static final String JDK = "Process.onExit";
  private static final String NU = "NuProcess";

  @Override
  public List<Row> run(Context context) throws Exception {
    if (context.program().isEmpty()) {
      // The child of all peers is the C program.
      return Stream.concat(
              Stream.of(C, JDK, NU).map(peer -> Row.without(WHAT, peer, context.noProgram())),
              Stream.of(Row.without(SELECTED, WHAT, context.noProgram())))
          .toList();
    }
    NativeProgram program = context.program().get();
    String[] paused = {program.path().toString(), "pause"};
    Spawner spawner = Spawner.of(paused).stdout(Stdio.pipe());
    ProcessBuilder builder = new ProcessBuilder(paused)
        .redirectInput(ProcessBuilder.Redirect.INHERIT)
        .redirectError(ProcessBuilder.Redirect.INHERIT);
    Turns turns = new Turns();
    ExecutorService loop = Executors.newSingleThreadExecutor();
    try (NativePeer c = new NativePeer(context, "exit");
        Selector selector = NativeSelectorProvider.getInstance().openSelector()) {
      Measurement ours = turns.addOnce(() -> procdesc(spawner));
      Measurement selected = turns.addOnce(() -> selected(spawner, selector, loop));
      Measurement theirs = c.addTo(turns);
      Measurement jdk = turns.addOnce(() -> processBuilder(builder));
      Measurement nu = turns.addOnce(() -> nuProcess(paused));
      turns.run(
          context.options().sized(300, 3000),
          context.options().sized(10, 60),
          context.options().sized(20, 30));
      return List.of(
          Row.of(WHAT, Unit.NANOSECONDS, ours, C, theirs, new Budget(Budget.Kind.RATIO, 1.25)),
          Row.of(WHAT, Unit.NANOSECONDS, ours, JDK, jdk, Budget.Kind.SPEEDUP),
          Row.of(WHAT, Unit.NANOSECONDS, ours, NU, nu, Budget.Kind.SPEEDUP),
          Row.of(
              SELECTED,
              Unit.NANOSECONDS,
              selected,
              WHAT,
              ours,
              new Budget(Budget.Kind.RATIO, 1.5)));
    } finally {
      loop.shutdownNow();
    }
  }

  private static long procdesc(Spawner spawner) throws IOException, InterruptedException {
    try (ChildProcess child = spawner.spawn()) {
      CompletableFuture<Long> called = child.onExit().thenApply(status -> System.nanoTime());
      awaitReady(child.stdout());
      long start = System.nanoTime();
      child.kill();
      return called.join() - start;
    }
  }

  private static long selected(Spawner spawner, Selector selector, ExecutorService loop)
      throws IOException, InterruptedException, ExecutionException {
    try (ChildProcess child = spawner.spawn();
        ExitChannel exit = ExitChannel.open(child)) {
      exit.configureBlocking(false);
      SelectionKey key = exit.register(selector, SelectionKey.OP_READ);
      Future<Long> called = loop.submit(() -> {
        while (!selector.selectedKeys().remove(key)) {
          selector.select();
        }
        long now = System.nanoTime();
        key.cancel();
        selector.selectNow(); // From now on the selector does not use the number.
        return now;
      });
      awaitReady(child.stdout());
      long start = System.nanoTime();
      child.kill();
      return called.get() - start;
    }
  }

  private static long processBuilder(ProcessBuilder builder)
      throws IOException, InterruptedException {
    Process process = builder.start();
    CompletableFuture<Long> called = process.onExit().thenApply(ended -> System.nanoTime());
    try (InputStream output = process.getInputStream()) {
      awaitReady(output);
      long start = System.nanoTime();
      process.destroyForcibly();
      return called.join() - start;
    }
  }

  private static void awaitReady(InputStream output) throws IOException {
    if (output.read() != 'r') {
      throw new IOException("the child is not ready");
    }
  }

  private static long nuProcess(String... command)
      throws IOException, InterruptedException, ExecutionException, TimeoutException {
    CompletableFuture<Long> called = new CompletableFuture<>();
    CompletableFuture<Boolean> ready = new CompletableFuture<>();
    NuProcess process = NuPeer.start(
        new NuAbstractProcessHandler() {
          @Override
          public void onStdout(ByteBuffer bytes, boolean closed) {
            ready.complete(bytes.hasRemaining());
            bytes.position(bytes.limit());
          }

          @Override
          public void onExit(int code) {
            called.complete(System.nanoTime());
            ready.complete(false);
          }
        },
        command);
    if (!ready.get(1, TimeUnit.MINUTES)) {
      throw new IOException("the child is not ready");
    }
    long start = System.nanoTime();
    process.destroy(true);
    return called.get(1, TimeUnit.MINUTES) - start;
  }
}
