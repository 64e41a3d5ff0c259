package dev.procdesc;

import dev.procdesc.spi.Redirect;
import dev.procdesc.spi.SpawnRequest;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Starts children that are connected by pipes: the standard output of each is the standard input of
 * the next. The pipes are the kernel's, and no byte passes through this JVM. A pipeline is
 * immutable and reusable: each method returns a new one.
 *
 * <pre>{@code
 * String largest = Pipeline.of(
 *         Spawner.of("du", "-k", "/var"), Spawner.of("sort", "-n"), Spawner.of("tail", "-n", "3"))
 *     .run()
 *     .orThrow()
 *     .stdoutText();
 * }</pre>
 *
 * <p>Each part has the options of its {@link Spawner}, which set the standard input of the first
 * part, the standard output of the last one, and standard error: {@link Stdio#stdout()} sends it to
 * the next part, as {@code 2>&1 |}. Once all parts have started, they are the only users of the
 * pipes between them, so that a part reads the end of file when the part before it has ended, and
 * gets {@code SIGPIPE} when it writes after the next one has ended.
 *
 * <p>The parts start one after the other, from the first to the last. If one cannot be started, the
 * earlier ones, which may have begun their work, are killed.
 *
 * <p>The methods behave the same on Linux and FreeBSD.
 */
public final class Pipeline {
  private static final int EPERM = 1;
  private static final int ESRCH = 3;

  /** The time for which a failed start waits for the end of a part that it has killed. */
  private static final Duration KILL_TIME = Duration.ofSeconds(10);

  private final List<Spawner> parts;
  private final boolean grouped;
  private final boolean pipefail;

  private Pipeline(List<Spawner> parts, boolean grouped, boolean pipefail) {
    this.parts = parts;
    this.grouped = grouped;
    this.pipefail = pipefail;
  }

  /**
   * Returns a pipeline.
   *
   * @param parts the parts, from the first to the last
   * @return a new pipeline
   * @throws IllegalArgumentException if there is no part, if a part other than the first sets
   *     standard input, or one other than the last sets standard output, to anything but
   *     {@link Stdio#pipe()}
   */
  public static Pipeline of(Spawner... parts) {
    return of(Arrays.asList(parts));
  }

  /**
   * Returns a pipeline, as {@link #of(Spawner...)}.
   *
   * @param parts the parts, from the first to the last
   * @return a new pipeline
   * @throws IllegalArgumentException as {@link #of(Spawner...)}
   */
  public static Pipeline of(List<Spawner> parts) {
    List<Spawner> all = List.copyOf(parts);
    if (all.isEmpty()) {
      throw new IllegalArgumentException("a pipeline must have a part");
    }
    for (int i = 0; i < all.size(); i++) {
      if (i > 0) {
        checkConnection(all, i, 0);
      }
      if (i < all.size() - 1) {
        checkConnection(all, i, 1);
      }
    }
    return new Pipeline(all, false, false);
  }

  private static void checkConnection(List<Spawner> parts, int index, int fd) {
    Spawner part = parts.get(index);
    Stdio set = part.request().descriptors().get(fd);
    Redirect.Pipe same = fd == 0 ? Redirect.Pipe.TO_CHILD : Redirect.Pipe.FROM_CHILD;
    if (part.isSet(fd) && set != Redirect.Pipe.AUTOMATIC && set != same) {
      throw new IllegalArgumentException(name(parts, index)
          + " sets standard "
          + (fd == 0 ? "input" : "output")
          + " to "
          + set
          + ", but is connected to the "
          + (fd == 0 ? "part before it" : "next part"));
    }
  }

  private static String name(List<Spawner> parts, int index) {
    return "part " + (index + 1) + " of the pipeline, "
        + Commands.quote(parts.get(index).request().arguments()) + ",";
  }

  /**
   * Sets which part has the status of the pipeline, as {@code set -o pipefail} of a shell does: the
   * last part that did not exit with 0, if there is one. By default it is the last part. The
   * statuses of all parts are reported in both cases.
   *
   * <p>A part that the end of a later one ends by {@code SIGPIPE}, as in {@code yes | head -n 1},
   * has failed too.
   *
   * @param wanted false by default
   * @return a new pipeline
   * @see PipelineStatus#status()
   */
  public Pipeline pipefail(boolean wanted) {
    return new Pipeline(parts, grouped, wanted);
  }

  /**
   * Places all parts in one new process group, so that {@link ChildPipeline#signalGroup} and
   * {@link Teardown#ofGroup()} reach all of them and what they have started, as a shell does for a
   * job. The first part leads the group. It is not reaped before all parts have started, so that
   * the others can join its group also if it has ended; on Linux it is therefore started without
   * {@link Spawner#autoreap}. With {@link OnClose#KILL_GROUP} of the first part, the close kills
   * the whole group.
   *
   * <p>If other code reaps the first part meanwhile ({@code waitpid(-1)}, {@code SIGCHLD} ignored)
   * and the group has no other member, the next part leads a new group.
   *
   * @return a new pipeline
   * @throws IllegalArgumentException if a part sets a session, a process group, or, unless it is
   *     the first, {@link OnClose#KILL_GROUP}
   */
  public Pipeline newProcessGroup() {
    for (int i = 0; i < parts.size(); i++) {
      SpawnRequest request = parts.get(i).request();
      if (request.newSession() || request.processGroup().isPresent()) {
        throw new IllegalArgumentException(
            name(parts, i) + " sets a session or a process group, but all parts are to have one");
      }
      if (i > 0 && request.onClose() == OnClose.KILL_GROUP) {
        throw new IllegalArgumentException(
            name(parts, i) + " sets OnClose.KILL_GROUP, but only the first part leads the group");
      }
    }
    return new Pipeline(parts, true, pipefail);
  }

  /**
   * Starts all parts. When this method returns, each executes its program; if one cannot be
   * started, no process and no descriptor of the others is left.
   *
   * @return the running children
   * @throws SpawnException as {@link Spawner#spawn()}, for the first part that cannot be started
   * @throws UnsupportedFeatureException if an option of a part needs a feature that is absent
   * @throws IOException as {@link Spawner#spawn()}
   */
  public ChildPipeline spawn() throws IOException {
    return spawn(parts);
  }

  private ChildPipeline spawn(List<Spawner> spawners) throws IOException {
    List<ChildProcess> children = new ArrayList<>();
    List<Spawner> connected = new ArrayList<>();
    Optional<ChildProcess> leader = Optional.empty();
    try {
      for (int i = 0; i < spawners.size(); i++) {
        Spawner spawner = spawners.get(i);
        if (i > 0) {
          spawner = spawner.stdin(Stdio.from(children.get(i - 1).stdout()));
        }
        if (i < spawners.size() - 1) {
          spawner = spawner.stdout(Stdio.pipe());
        }
        connected.add(spawner);
        Optional<ChildProcess> child =
            leader.isPresent() ? join(leader.get(), spawner) : Optional.empty();
        if (child.isEmpty()) {
          child = Optional.of(
              grouped
                  ? spawner.newProcessGroup().autoreap(false).spawnUnwatched()
                  : spawner.spawn());
          leader = grouped ? child : leader;
        }
        children.add(child.get());
      }
      if (leader.isPresent()) {
        var unused = leader.get().onExit(); // From now on it is reaped when it ends.
      }
    } catch (IOException | RuntimeException | Error e) {
      discard(children, connected, e);
      throw e;
    }
    return new ChildPipeline(children, leader, pipefail);
  }

  /** Starts a part in the process group of another; returns empty if the group has no member. */
  private static Optional<ChildProcess> join(ChildProcess leader, Spawner spawner)
      throws IOException {
    try {
      return Optional.of(spawner.processGroup(Math.toIntExact(leader.pid())).spawn());
    } catch (SpawnException e) {
      boolean refused =
          e.step() == SpawnException.Step.SESSION && (e.errno() == EPERM || e.errno() == ESRCH);
      if (refused && leader.poll().isPresent()) {
        return Optional.empty(); // Other code has reaped the leader.
      }
      throw e;
    }
  }

  /** Ends the parts that were started before one failed, and closes their pipes. */
  private static void discard(
      List<ChildProcess> children, List<Spawner> spawners, Throwable failure) {
    for (int i = 0; i < children.size(); i++) {
      if (spawners.get(i).request().onClose() == OnClose.RELEASE) {
        try {
          discardReleased(children.get(i), spawners.get(i));
        } catch (IOException | RuntimeException e) {
          failure.addSuppressed(e);
        }
      }
    }
    Platform.current().backend().closeAll(children);
  }

  /** Kills a child that its close does not kill, and closes its pipes. */
  private static void discardReleased(ChildProcess child, Spawner spawner) throws IOException {
    if (child.hasSocket()) {
      child.socket().close();
    }
    for (int fd : spawner.request().descriptors().keySet()) {
      if (child.hasPipe(fd)) {
        Stdio pipe = spawner.request().descriptors().get(fd);
        boolean read =
            pipe == Redirect.Pipe.TO_CHILD || (pipe != Redirect.Pipe.FROM_CHILD && fd == 0);
        if (read) {
          child.pipeTo(fd).close();
        } else {
          child.pipeFrom(fd).close();
        }
      }
    }
    child.kill();
    boolean interrupted = Thread.interrupted();
    try {
      var unused = child.waitFor(KILL_TIME);
    } catch (InterruptedException e) {
      interrupted = true; // The library still reaps the child.
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /**
   * Runs all parts to their end with the default options, as {@link #run(RunOptions)}: without
   * input, with the output of the last part and the errors of each captured.
   *
   * @return the results of all parts, of whatever status
   * @throws OutputLimitException if an output exceeds {@link Capture#DEFAULT_LIMIT}
   * @throws IOException as {@link #run(RunOptions)}
   * @throws InterruptedException as {@link #run(RunOptions)}
   */
  public CompletedPipeline run() throws IOException, InterruptedException {
    return run(RunOptions.defaults());
  }

  /**
   * Runs all parts to their end, as {@link Spawner#run(RunOptions)} runs one child: the first part
   * gets the input, the standard output of the last part and the standard error of each part are
   * captured, and the limits apply to the run as a whole, those of {@link Capture} to each output.
   * A failure ends all parts.
   *
   * @param options the input, the limits and the time limit; {@link Teardown#ofGroup()} needs
   *     {@link #newProcessGroup()}
   * @return the results of all parts, of whatever status; {@link CompletedPipeline#orThrow()} turns
   *     a failure of the pipeline into an exception
   * @throws RunTimeoutException if the time limit was exceeded
   * @throws OutputLimitException if an output exceeded its {@link Capture}
   * @throws InterruptedException if the thread is interrupted
   * @throws IllegalArgumentException as {@link Spawner#run(RunOptions)}
   * @throws IllegalStateException as {@link Spawner#run(RunOptions)}
   * @throws IOException if a part cannot be started, as {@link #spawn()}, or if the input or an
   *     output fails
   */
  public CompletedPipeline run(RunOptions options) throws IOException, InterruptedException {
    return new CompletedPipeline(startRun(options).await(), pipefail);
  }

  /**
   * Runs all parts to their end, as {@link #run(RunOptions)}, without a thread that waits. The
   * parts are started by this thread, before this method returns, within the time limit.
   *
   * @param options the input, the limits and the time limit
   * @return a future, to which the rules of {@link Spawner#runAsync(RunOptions)} apply
   */
  public CompletableFuture<CompletedPipeline> runAsync(RunOptions options) {
    return CommandRun.async(
        () -> startRun(options), results -> new CompletedPipeline(results, pipefail));
  }

  private CommandRun startRun(RunOptions options) throws IOException {
    List<Spawner> spawners = new ArrayList<>();
    for (Spawner part : parts) {
      spawners.add(part.forRun(spawners.isEmpty() ? options.input : new RunInput.Absent()));
    }
    return CommandRun.start(spawners, options, this::spawn);
  }

  @Override
  public String toString() {
    return "Pipeline["
        + Commands.quoteAll(
            parts.stream().map(part -> part.request().arguments()).toList()) + "]";
  }
}
