package com.zaxxer.nuprocess.linux;

import com.zaxxer.nuprocess.NuProcess;
import com.zaxxer.nuprocess.NuProcessFactory;
import com.zaxxer.nuprocess.NuProcessHandler;
import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;

/**
 * The interface of NuProcess over this library's publishers and subscribers. NuProcess creates the
 * factory by this name, and finds this class first.
 */
public final class LinProcessFactory implements NuProcessFactory {
  private static final ExecutorService THREADS = Executors.newCachedThreadPool(task -> {
    Thread thread = new Thread(task, "handlers");
    thread.setDaemon(true);
    return thread;
  });

  @Override
  public NuProcess createProcess(
      List<String> command, String[] environment, NuProcessHandler handler, Path directory) {
    Child child = new Child(handler);
    child.start(command, environment, directory);
    return child;
  }

  @Override
  public void runProcess(
      List<String> command, String[] environment, NuProcessHandler handler, Path directory) {
    try {
      createProcess(command, environment, handler, directory).waitFor(0, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static final class Child implements NuProcess, Flow.Publisher<ByteBuffer> {
    private final CountDownLatch over = new CountDownLatch(1);
    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final AtomicInteger waiting = new AtomicInteger();
    private final Queue<ByteBuffer> pending = new ConcurrentLinkedQueue<>();
    private volatile NuProcessHandler handler;
    private volatile Optional<ChildProcess> process = Optional.empty();
    private volatile int exitCode;
    private volatile boolean wantsWrite;
    private volatile boolean closing;
    private volatile boolean closed;
    private Flow.Subscriber<? super ByteBuffer> input;
    private long demand;

    Child(NuProcessHandler handler) {
      this.handler = handler;
    }

    void start(List<String> command, String[] environment, Path directory) {
      handler.onPreStart(this);
      Map<String, String> variables = new HashMap<>();
      for (String entry : environment) {
        int equals = entry.indexOf('=');
        variables.put(entry.substring(0, equals), entry.substring(equals + 1));
      }
      Spawner spawner = Spawner.of(command).environmentOnly(variables)
          .stdin(Stdio.pipe()).stdout(Stdio.pipe()).stderr(Stdio.pipe());
      ChildProcess child;
      try {
        child = (directory == null ? spawner : spawner.directory(directory)).spawn();
      } catch (IOException e) {
        inOrder(() -> end(Integer.MIN_VALUE));
        return;
      }
      process = Optional.of(child);
      handler.onStart(this);
      subscribe(child.stdin().subscriber(this::inOrder));
      Output out = new Output((data, end) -> handler.onStdout(data, end));
      Output err = new Output((data, end) -> handler.onStderr(data, end));
      child.stdout().publisher(this::inOrder).subscribe(out);
      child.stderr().publisher(this::inOrder).subscribe(err);
      child.onExit().thenAccept(status -> CompletableFuture.allOf(out.done, err.done)
          .whenComplete((all, failure) -> inOrder(() -> end(
              status instanceof ExitStatus.Unknown ? Integer.MAX_VALUE : status.shellCode()))));
    }

    /** Runs the tasks of this child one after the other. */
    private void inOrder(Runnable task) {
      tasks.add(task);
      if (waiting.getAndIncrement() == 0) {
        THREADS.execute(() -> {
          do {
            tasks.remove().run();
          } while (waiting.decrementAndGet() > 0);
        });
      }
    }

    private void end(int code) {
      exitCode = code;
      closed = true;
      process.ifPresent(ChildProcess::close);
      try {
        handler.onExit(code);
      } finally {
        over.countDown();
      }
    }

    @Override
    public void subscribe(Flow.Subscriber<? super ByteBuffer> subscriber) {
      input = subscriber;
      subscriber.onSubscribe(new Flow.Subscription() {
        @Override
        public void request(long count) {
          demand += count;
          write();
        }

        @Override
        public void cancel() {
          closed = true;
        }
      });
    }

    /** Passes on what is written, as far as it was requested; runs in order. */
    private void write() {
      if (demand == 0 || closed) {
        return;
      }
      ByteBuffer next = pending.poll();
      if (next == null && wantsWrite) {
        wantsWrite = false;
        next = ByteBuffer.allocate(BUFFER_CAPACITY);
        if (handler.onStdinReady(next)) {
          wantsWrite = true;
        }
        inOrder(this::write);
      }
      if (next != null && next.hasRemaining()) {
        demand--;
        input.onNext(next);
      } else if (closing && pending.isEmpty() && !closed) {
        closed = true;
        input.onComplete();
      }
    }

    @Override
    public int waitFor(long timeout, TimeUnit unit) throws InterruptedException {
      if (timeout == 0) {
        over.await();
      }
      return timeout == 0 || over.await(timeout, unit) ? exitCode : Integer.MIN_VALUE;
    }

    @Override
    public void wantWrite() {
      requireOpen(closed);
      wantsWrite = true;
      inOrder(this::write);
    }

    @Override
    public void writeStdin(ByteBuffer buffer) {
      requireOpen(closed || closing);
      pending.add(buffer);
      inOrder(this::write);
    }

    @Override
    public void closeStdin(boolean force) {
      if (force) {
        closed = true;
        try {
          if (process.isPresent()) {
            process.get().stdin().close();
          }
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      } else {
        requireOpen(closing);
        closing = true;
        inOrder(this::write);
      }
    }

    private static void requireOpen(boolean refused) {
      if (refused) {
        throw new IllegalStateException("closeStdin() method has already been called.");
      }
    }

    @Override
    public boolean hasPendingWrites() {
      return !pending.isEmpty();
    }

    @Override
    public void destroy(boolean force) {
      if (isRunning()) {
        Process view = process.orElseThrow().asProcess();
        boolean unused = force ? view.toHandle().destroyForcibly() : view.toHandle().destroy();
      }
    }

    @Override
    public boolean isRunning() {
      return process.isPresent() && over.getCount() > 0;
    }

    @Override
    public void setProcessHandler(NuProcessHandler handler) {
      this.handler = handler;
    }

    @Override
    public int getPID() {
      return Math.toIntExact(process.orElseThrow().pid());
    }
  }

  /** Passes an output to a handler, with what the handler did not read before. */
  private static final class Output implements Flow.Subscriber<ByteBuffer> {
    final CompletableFuture<Void> done = new CompletableFuture<>();
    private final ByteBuffer data = ByteBuffer.allocate(2 * NuProcess.BUFFER_CAPACITY);
    private final BiConsumer<ByteBuffer, Boolean> callback;
    private Flow.Subscription subscription;

    Output(BiConsumer<ByteBuffer, Boolean> callback) {
      this.callback = callback;
    }

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
      this.subscription = subscription;
      subscription.request(1);
    }

    @Override
    public void onNext(ByteBuffer bytes) {
      callback.accept(data.put(bytes).flip(), false);
      data.compact();
      subscription.request(1);
    }

    @Override
    public void onError(Throwable failure) {
      done.complete(null);
    }

    @Override
    public void onComplete() {
      callback.accept(data.flip(), true);
      done.complete(null);
    }
  }
}
