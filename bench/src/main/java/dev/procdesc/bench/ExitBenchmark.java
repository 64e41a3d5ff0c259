package dev.procdesc.bench;

import com.zaxxer.nuprocess.NuAbstractProcessHandler;
import com.zaxxer.nuprocess.NuProcess;
import com.zaxxer.nuprocess.NuProcessBuilder;
import dev.procdesc.ChildProcess;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;

/**
 * Measures the time from the SIGKILL to a paused child until a callback has its exit status. Each
 * peer does the same with the same child, so all results include the kernel's work to end a
 * process.
 */
final class ExitBenchmark implements Benchmark {
  private static final String WHAT = "kill → exit callback";
  private static final String C = "C pidfd_send_signal → epoll + waitid";

  @Override
  public List<Row> run(Context context) throws Exception {
    if (context.program().isEmpty()) {
      return List.of(Row.absent(WHAT, C, Context.NO_COMPILER));
    }
    NativeProgram program = context.program().get();
    String[] paused = {program.path().toString(), "pause"};
    Spawner spawner = Spawner.of(paused).stdout(Stdio.pipe());
    ProcessBuilder builder = new ProcessBuilder(paused)
        .redirectInput(ProcessBuilder.Redirect.INHERIT)
        .redirectError(ProcessBuilder.Redirect.INHERIT);
    Turns turns = new Turns();
    try (NativeProgram.Running c = program.start("exit")) {
      Measurement ours = turns.addOnce(() -> procdesc(spawner));
      Measurement theirs = turns.add(c);
      Measurement jdk = turns.addOnce(() -> processBuilder(builder));
      Measurement nu = turns.addOnce(() -> nuProcess(paused));
      turns.run(
          context.options().sized(300, 3000),
          context.options().sized(10, 60),
          context.options().sized(20, 30));
      return List.of(
          Row.of(WHAT, Unit.NANOSECONDS, ours, C, theirs, new Budget(Budget.Kind.RATIO, 1.5)),
          Row.of(WHAT, Unit.NANOSECONDS, ours, "Process.onExit", jdk, Budget.Kind.SPEEDUP),
          Row.of(WHAT, Unit.NANOSECONDS, ours, "NuProcess", nu, Budget.Kind.SPEEDUP));
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

  private static long nuProcess(String... command) throws InterruptedException {
    CompletableFuture<Long> called = new CompletableFuture<>();
    CountDownLatch ready = new CountDownLatch(1);
    NuProcess process = new NuProcessBuilder(
            new NuAbstractProcessHandler() {
              @Override
              public void onStdout(ByteBuffer bytes, boolean closed) {
                bytes.position(bytes.limit());
                ready.countDown();
              }

              @Override
              public void onExit(int code) {
                called.complete(System.nanoTime());
              }
            },
            command)
        .start();
    if (process == null) {
      throw new IllegalStateException("NuProcess could not start " + command[0]);
    }
    ready.await();
    long start = System.nanoTime();
    process.destroy(true);
    return called.join() - start;
  }
}
