package dev.procdesc;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * A run of a child, or of a pipeline, to its end, with its input and its captured outputs. It is
 * over when the children and the outputs have ended. A failure (a timeout, an output that exceeds
 * its limit, an error, a cancellation) first ends the children.
 *
 * <p>The methods that are called at an event do not block. They call other objects without a lock.
 */
final class CommandRun implements OutputCapture.Listener {
  /** Runs the transfers in the threads of the library that notice the events. */
  private static final Executor DIRECT = Runnable::run;

  private static final int PIECE = 65_536;

  /** The error of a write to a pipe without a reader; the same number on every system. */
  private static final int EPIPE = 32;

  private final List<List<String>> commands = new ArrayList<>();
  private final RunOptions options;
  private final ChildPipeline pipeline;

  /** The first child, which gets the input. */
  private final ChildProcess child;

  private final long start;

  /** The output of the last child. */
  private final Optional<OutputCapture> stdout;

  /** The errors of each child. */
  private final List<Optional<OutputCapture>> stderr = new ArrayList<>();

  private final CompletableFuture<RunOutcome> outcome = new CompletableFuture<>();

  /** The outputs that have not ended; guarded by this. */
  private int open;

  /** The failure that ends the run; guarded by this. */
  private Optional<RunOutcome> failure = Optional.empty();

  /** Set when the child has ended; guarded by this. */
  private boolean exited;

  /** Set when the run is over; guarded by this. */
  private boolean over;

  /** Set when an output was closed before its end of file; guarded by this. */
  private boolean incomplete;

  /** The actions that release what the run uses besides the child; guarded by this. */
  private final List<Runnable> releases = new ArrayList<>(3);

  /**
   * Creates the run of children that were just started.
   *
   * @param start the time before their start
   */
  CommandRun(List<Spawner> spawners, RunOptions options, ChildPipeline pipeline, long start) {
    for (Spawner spawner : spawners) {
      commands.add(spawner.request().arguments());
    }
    this.options = options;
    this.pipeline = pipeline;
    this.child = pipeline.parts().get(0);
    this.start = start;
    stdout = output(last(), 1, options.stdout);
    for (ChildProcess part : pipeline.parts()) {
      stderr.add(output(part, 2, options.stderr));
    }
  }

  private Optional<OutputCapture> output(ChildProcess part, int fd, Capture capture) {
    if (!part.hasPipe(fd)) {
      return Optional.empty();
    }
    open++;
    return Optional.of(new OutputCapture(capture, fd, this));
  }

  private ChildProcess last() {
    return pipeline.parts().get(pipeline.parts().size() - 1);
  }

  /** Starts the transfers; returns the outcome. */
  CompletableFuture<RunOutcome> begin() {
    feed();
    stdout.ifPresent(output -> capture(last(), output));
    for (int i = 0; i < stderr.size(); i++) {
      ChildProcess part = pipeline.parts().get(i);
      stderr.get(i).ifPresent(output -> capture(part, output));
    }
    options.timeout.ifPresent(timeout -> {
      long limit = nanos(timeout);
      long left = limit == Long.MAX_VALUE ? limit : limit - (System.nanoTime() - start);
      after(left, () -> fail(new RunOutcome.TimedOut()));
    });
    var unused =
        pipeline.onExit().whenComplete((status, cause) -> exited(Optional.ofNullable(cause)));
    return outcome;
  }

  private static void capture(ChildProcess part, OutputCapture output) {
    part.pipeFrom(output.fd()).publisher(DIRECT).subscribe(output);
  }

  private void feed() {
    if (!child.hasPipe(0)) {
      return;
    }
    if (options.input instanceof RunInput.Stream source) {
      Thread pump = new Thread(null, () -> pump(source.stream()), "procdesc-input", 0, false);
      pump.setDaemon(true);
      pump.start();
      onRelease(pump::interrupt);
    } else {
      byte[] bytes = options.input instanceof RunInput.Bytes all ? all.bytes() : new byte[0];
      if (child.hasTerminal()) {
        bytes = withEndOfFile(bytes);
      }
      PipeSubscriber writer = child.stdin().subscriber(DIRECT);
      var unused = writer.completion().whenComplete((count, cause) -> {
        if (cause != null) {
          inputFailed(cause);
        }
      });
      new BytesPublisher(bytes).subscribe(writer);
    }
  }

  /** Reads the stream to its end, and writes it to the child. */
  private void pump(InputStream stream) {
    try {
      byte[] piece = new byte[PIECE];
      boolean inLine = false;
      for (int count = stream.read(piece); count >= 0; count = stream.read(piece)) {
        child.stdin().write(piece, 0, count);
        inLine = count > 0 ? piece[count - 1] != '\n' : inLine;
      }
      if (child.hasTerminal()) {
        child.stdin().write(endOfFile(inLine));
      }
      child.stdin().close();
    } catch (IOException | RuntimeException e) {
      inputFailed(e);
    }
  }

  /** Returns the bytes of an input, and those that end it on a terminal, which has no other end. */
  private byte[] withEndOfFile(byte[] bytes) {
    byte[] end = endOfFile(bytes.length > 0 && bytes[bytes.length - 1] != '\n');
    byte[] all = Arrays.copyOf(bytes, bytes.length + end.length);
    System.arraycopy(end, 0, all, bytes.length, end.length);
    return all;
  }

  /**
   * Returns the character that ends the input, preceded by one that ends a line which was begun.
   */
  private byte[] endOfFile(boolean inLine) {
    OptionalInt character = child.terminal().endOfFileCharacter();
    byte[] end = new byte[character.isEmpty() ? 0 : inLine ? 2 : 1];
    Arrays.fill(end, (byte) character.orElse(0));
    return end;
  }

  /** Handles an input that was not written as a whole. A child need not read all of its input. */
  private void inputFailed(Throwable cause) {
    boolean closed = cause instanceof ClosedChannelException;
    boolean unread = cause instanceof ProcessDescriptorException failed && failed.errno() == EPIPE;
    if (!closed && !unread) {
      fail(new RunOutcome.Failed(cause));
    }
  }

  /** Runs an action after a time, unless the run is over by then. */
  private void after(long nanos, Runnable action) {
    CompletableFuture<Boolean> timer = new CompletableFuture<>();
    // Not in the thread of the JDK that completes all timers.
    var unused = timer.thenRunAsync(action);
    onRelease(() -> timer.cancel(false));
    timer.completeOnTimeout(true, Math.max(0, nanos), TimeUnit.NANOSECONDS);
  }

  /**
   * Converts a time limit to nanoseconds.
   *
   * @return 0 for a negative one, and {@link Long#MAX_VALUE}, which is no limit, for one of 292
   *     years or more, which would overflow
   */
  static long nanos(Duration time) {
    if (time.isNegative()) {
      return 0;
    }
    try {
      return time.toNanos();
    } catch (ArithmeticException e) {
      return Long.MAX_VALUE;
    }
  }

  private void onRelease(Runnable action) {
    synchronized (this) {
      if (!over) {
        releases.add(action);
        return;
      }
    }
    action.run();
  }

  @Override
  public void ended(OutputCapture output, Optional<Throwable> cause) {
    boolean fails;
    synchronized (this) {
      open--;
      incomplete |= cause.isPresent();
      fails = cause.isPresent() && !(cause.get() instanceof ClosedChannelException);
    }
    if (fails) {
      fail(new RunOutcome.Failed(cause.get()));
    }
    endIfDue();
  }

  @Override
  public void exceeded(OutputCapture output) {
    fail(new RunOutcome.TooLong(output));
  }

  /** Ends the run because of a failure; the first one counts. */
  void fail(RunOutcome cause) {
    boolean ended;
    synchronized (this) {
      if (over || failure.isPresent()) {
        return;
      }
      failure = Optional.of(cause);
      ended = exited;
    }
    if (ended) {
      finishOutputs();
    } else if (cause instanceof RunOutcome.TimedOut && !options.teardown.steps().isEmpty()) {
      Thread thread = new Thread(null, this::shutDown, "procdesc-teardown", 0, false);
      thread.setDaemon(true);
      thread.start();
    } else {
      kill();
    }
  }

  private void kill() {
    try {
      pipeline.kill();
    } catch (IOException | IllegalStateException e) {
      giveUp(e);
    }
  }

  private void shutDown() {
    try {
      pipeline.shutdown(options.teardown);
    } catch (IOException | RuntimeException | InterruptedException e) {
      giveUp(e);
    }
  }

  /** Ends a run whose child cannot be ended, such as one that runs as another user. */
  private void giveUp(Throwable cause) {
    synchronized (this) {
      if (failure.filter(first -> first instanceof RunOutcome.Cancelled).isEmpty()) {
        failure = Optional.of(new RunOutcome.Failed(cause));
      }
      exited = true;
    }
    finishOutputs();
  }

  private void exited(Optional<Throwable> cause) {
    boolean failed;
    boolean waits;
    synchronized (this) {
      exited = true;
      if (cause.isPresent() && failure.isEmpty()) {
        failure = cause.map(RunOutcome.Failed::new);
      }
      failed = failure.isPresent();
      waits = open > 0;
    }
    if (!waits) {
      endIfDue();
    } else if (failed || options.outputAfterExit.compareTo(Duration.ZERO) <= 0) {
      finishOutputs();
    } else {
      after(nanos(options.outputAfterExit), this::finishOutputs);
    }
  }

  private void finishOutputs() {
    stdout.ifPresent(OutputCapture::finish);
    for (Optional<OutputCapture> output : stderr) {
      output.ifPresent(OutputCapture::finish);
    }
    endIfDue();
  }

  /** Ends the run if the child and the outputs have ended. */
  private void endIfDue() {
    List<Runnable> actions;
    RunOutcome result;
    synchronized (this) {
      if (over || !exited || open > 0) {
        return;
      }
      over = true;
      result = failure.orElseGet(RunOutcome.Completed::new);
      actions = List.copyOf(releases);
    }
    actions.forEach(Runnable::run);
    closeChild();
    outcome.complete(result);
  }

  /** Closes the child, and its pipes also if it is a released one. */
  private void closeChild() {
    try {
      if (child.hasPipe(0)) {
        child.stdin().close();
      }
    } catch (IOException e) {
      throw new AssertionError("closing a pipe does not fail", e);
    }
    pipeline.close();
  }

  /** Kills the child as its close does, and waits for its end. Does nothing if the run is over. */
  void abort() {
    fail(new RunOutcome.Cancelled());
    closeChild();
  }

  /**
   * Runs the children, and waits for the results. An interrupt kills them.
   *
   * @return the results of the children, in their order
   */
  List<CompletedProcess> await() throws IOException, InterruptedException {
    try {
      return results(begin().get());
    } catch (ExecutionException e) {
      throw new AssertionError("the outcome is never an exception", e);
    } catch (InterruptedException e) {
      abort();
      throw e;
    }
  }

  /** The start of the children of a run. */
  interface Start {
    /** Starts the children. */
    ChildPipeline start(List<Spawner> spawners) throws IOException;
  }

  /** The start of a run. */
  interface RunStart {
    /** Starts the run. */
    CommandRun start() throws IOException;
  }

  /**
   * Starts the children of a run in the current thread, within its time limit.
   *
   * @throws RunTimeoutException if the time is over before the children have started
   */
  static CommandRun start(List<Spawner> spawners, RunOptions options, Start children)
      throws IOException {
    long start = System.nanoTime();
    if (options.timeout.isEmpty()) {
      return new CommandRun(spawners, options, children.start(spawners), start);
    }
    Duration timeout = options.timeout.get();
    StartLimit limit = StartLimit.begin(nanos(timeout));
    ChildPipeline started;
    try {
      started = children.start(spawners);
    } catch (IOException e) {
      if (!limit.end()) {
        throw e;
      }
      List<List<String>> commands =
          spawners.stream().map(spawner -> spawner.request().arguments()).toList();
      RunTimeoutException over =
          new RunTimeoutException(commands, timeout, CapturedOutput.NONE, CapturedOutput.NONE);
      over.initCause(e);
      throw over;
    } finally {
      var unused = limit.end();
    }
    return new CommandRun(spawners, options, started, start);
  }

  /**
   * Starts a run; returns a future of its result, whose completion by others kills the children.
   */
  static <T> CompletableFuture<T> async(
      RunStart start, Function<List<CompletedProcess>, T> result) {
    CompletableFuture<T> future = new CompletableFuture<>();
    CommandRun run;
    try {
      run = start.start();
    } catch (IOException | RuntimeException e) {
      future.completeExceptionally(e);
      return future;
    }
    var unused = run.begin().thenAccept(outcome -> {
      try {
        future.complete(result.apply(run.results(outcome)));
      } catch (IOException e) {
        future.completeExceptionally(e);
      }
    });
    var unusedToo = future.whenComplete((completed, cause) -> run.fail(new RunOutcome.Cancelled()));
    return future;
  }

  private List<CompletedProcess> results(RunOutcome end) throws IOException {
    CapturedOutput out = captured(stdout);
    if (end instanceof RunOutcome.TimedOut) {
      throw new RunTimeoutException(commands, options.timeout.orElseThrow(), out, errors());
    }
    if (end instanceof RunOutcome.TooLong exceeded) {
      OutputCapture output = exceeded.output();
      int index = output.fd() == 1 ? commands.size() - 1 : stderr.indexOf(Optional.of(output));
      throw new OutputLimitException(
          commands.get(index), output.fd(), output.limit(), out, captured(stderr.get(index)));
    }
    if (end instanceof RunOutcome.Failed failed) {
      throw new IOException(
          Commands.quoteAll(commands) + ": " + failed.cause().getMessage(), failed.cause());
    }
    boolean complete;
    synchronized (this) {
      complete = !incomplete;
    }
    Duration duration = Duration.ofNanos(System.nanoTime() - start);
    List<CompletedProcess> results = new ArrayList<>();
    for (int i = 0; i < commands.size(); i++) {
      ChildProcess part = pipeline.parts().get(i);
      results.add(new CompletedProcess(
          commands.get(i),
          part.poll().orElseThrow(),
          part == last() ? out : CapturedOutput.NONE,
          captured(stderr.get(i)),
          complete,
          duration,
          part.resourceUsage()));
    }
    return results;
  }

  private static CapturedOutput captured(Optional<OutputCapture> output) {
    return output.map(OutputCapture::captured).orElse(CapturedOutput.NONE);
  }

  /** Returns what was captured of the errors of all children, in their order. */
  private CapturedOutput errors() {
    CapturedOutput all = captured(stderr.get(0));
    for (int i = 1; i < stderr.size(); i++) {
      all = all.followedBy(captured(stderr.get(i)));
    }
    return all;
  }
}
