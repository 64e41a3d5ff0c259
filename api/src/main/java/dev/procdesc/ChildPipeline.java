package dev.procdesc;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * The children of a pipeline that was started, with one close for all. Created by
 * {@link Pipeline#spawn()}.
 *
 * <p>{@link #close()} closes every part, so that the parts that still run are killed or released as
 * {@link Spawner#onClose} of each specifies. The death of the JVM has the same effect.
 *
 * <p>Instances are safe for use by several threads. After {@link #close()} the methods behave as
 * those of {@link ProcessDescriptor}: statuses that are known remain available.
 */
public final class ChildPipeline implements AutoCloseable {
  private final List<ChildProcess> parts;
  private final Optional<ChildProcess> leader;
  private final boolean pipefail;

  /**
   * Creates the object for children that were just started.
   *
   * @param leader the part that leads the process group of all; empty if there is none
   */
  ChildPipeline(List<ChildProcess> parts, Optional<ChildProcess> leader, boolean pipefail) {
    this.parts = List.copyOf(parts);
    this.leader = leader;
    this.pipefail = pipefail;
  }

  /** Returns a pipeline of one child, which may lead a process group. */
  static ChildPipeline of(ChildProcess child) {
    return new ChildPipeline(List.of(child), Optional.of(child), false);
  }

  /**
   * Returns the children. The pipes between them are closed in this JVM.
   *
   * @return an unmodifiable list, in the order of the pipeline
   */
  public List<ChildProcess> parts() {
    return parts;
  }

  /**
   * Returns the pipe to the standard input of the first part.
   *
   * @return the same object at every call
   * @throws IllegalStateException if {@link Spawner#stdin(Stdio)} of the first part was not given a
   *     pipe
   */
  public PipeOutput stdin() {
    return parts.get(0).stdin();
  }

  /**
   * Returns the pipe from the standard output of the last part.
   *
   * @return the same object at every call
   * @throws IllegalStateException if {@link Spawner#stdout(Stdio)} of the last part was not given a
   *     pipe
   */
  public PipeInput stdout() {
    return parts.get(parts.size() - 1).stdout();
  }

  /**
   * Returns whether a part runs. This method never blocks.
   *
   * @return false when all parts have exited
   * @throws ClosedDescriptorException as {@link ProcessDescriptor#isAlive()}
   */
  public boolean isAlive() {
    for (ChildProcess part : parts) {
      if (part.isAlive()) {
        return true;
      }
    }
    return false;
  }

  /**
   * Returns the exit statuses if all parts have ended. This method never blocks.
   *
   * @return the statuses; empty while a part runs
   * @throws ClosedDescriptorException as {@link ProcessDescriptor#poll()}
   */
  public Optional<PipelineStatus> poll() {
    List<ExitStatus> statuses = new ArrayList<>();
    for (ChildProcess part : parts) {
      part.poll().ifPresent(statuses::add);
    }
    return statuses.size() == parts.size()
        ? Optional.of(new PipelineStatus(statuses, pipefail))
        : Optional.empty();
  }

  /**
   * Waits until all parts have ended.
   *
   * @return the statuses, equal for every waiter
   * @throws InterruptedException if the thread is interrupted; the parts are not affected
   * @throws ClosedDescriptorException as {@link ProcessDescriptor#waitFor()}
   * @throws java.io.UncheckedIOException if the watcher thread cannot watch a part
   */
  public PipelineStatus waitFor() throws InterruptedException {
    List<ExitStatus> statuses = new ArrayList<>();
    for (ChildProcess part : parts) {
      statuses.add(part.waitFor());
    }
    return new PipelineStatus(statuses, pipefail);
  }

  /**
   * Waits until all parts have ended, up to a timeout.
   *
   * @param timeout the maximum time to wait for all; zero or less only polls
   * @return the statuses; empty if a part still runs
   * @throws InterruptedException if the thread is interrupted; the parts are not affected
   * @throws ClosedDescriptorException as {@link #waitFor()}
   * @throws java.io.UncheckedIOException as {@link #waitFor()}
   */
  public Optional<PipelineStatus> waitFor(Duration timeout) throws InterruptedException {
    long start = System.nanoTime();
    long limit = CommandRun.nanos(timeout);
    List<ExitStatus> statuses = new ArrayList<>();
    for (ChildProcess part : parts) {
      long nanos = limit == Long.MAX_VALUE ? limit : limit - (System.nanoTime() - start);
      Duration left = Duration.ofNanos(nanos);
      Optional<ExitStatus> status = part.waitFor(left);
      if (status.isEmpty()) {
        return Optional.empty();
      }
      statuses.add(status.get());
    }
    return Optional.of(new PipelineStatus(statuses, pipefail));
  }

  /**
   * Returns a future that completes when all parts have ended. Each call returns a new future, to
   * which the rules of {@link ProcessDescriptor#onExit()} apply.
   *
   * @return a future that completes with the statuses, or exceptionally with
   *     {@link ClosedDescriptorException} if the descriptor of a part is closed and the part lives
   *     on
   * @throws ClosedDescriptorException as {@link ProcessDescriptor#onExit()}
   * @throws java.io.UncheckedIOException if the watcher thread cannot watch a part
   */
  public CompletableFuture<PipelineStatus> onExit() {
    List<CompletableFuture<ExitStatus>> ends = new ArrayList<>();
    for (ChildProcess part : parts) {
      ends.add(part.onExit());
    }
    CompletableFuture<PipelineStatus> result = new CompletableFuture<>();
    var unused = CompletableFuture.allOf(ends.toArray(CompletableFuture<?>[]::new))
        .whenComplete((none, failure) -> {
          if (failure == null) {
            List<ExitStatus> statuses =
                ends.stream().map(CompletableFuture::join).toList();
            result.complete(new PipelineStatus(statuses, pipefail));
          } else {
            Throwable cause = failure.getCause();
            result.completeExceptionally(
                failure instanceof CompletionException && cause != null ? cause : failure);
          }
        });
    return result;
  }

  /**
   * Sends a signal to each part. A part that cannot be signaled does not prevent that the others
   * are.
   *
   * @param signal the signal to send
   * @return true if the signal was sent to at least one part; false if all have ended
   * @throws ProcessDescriptorException as {@link ProcessDescriptor#signal}, for the first part that
   *     cannot be signaled; the exceptions for others are suppressed ones
   * @throws IllegalArgumentException if this system has no signal of that name
   * @throws ClosedDescriptorException after {@link #close()}
   */
  public boolean signal(Signal signal) throws ProcessDescriptorException {
    boolean sent = false;
    Optional<ProcessDescriptorException> failure = Optional.empty();
    for (ChildProcess part : parts) {
      try {
        sent |= part.signal(signal);
      } catch (ProcessDescriptorException e) {
        failure.ifPresent(first -> first.addSuppressed(e));
        failure = Optional.of(failure.orElse(e));
      }
    }
    if (failure.isPresent()) {
      throw failure.get();
    }
    return sent;
  }

  /**
   * Sends {@link Signal#KILL} to each part, as {@link #signal}.
   *
   * @return true if the signal was sent to at least one part; false if all have ended
   * @throws ProcessDescriptorException as {@link #signal}
   * @throws ClosedDescriptorException after {@link #close()}
   */
  public boolean kill() throws ProcessDescriptorException {
    return signal(Signal.KILL);
  }

  /**
   * Sends a signal to every process of the pipeline's process group, at once. Processes that the
   * parts have started are in it too, unless they have left it.
   *
   * @param signal the signal to send
   * @return true if the signal was sent to at least one process; false if the group has no member
   * @throws ProcessDescriptorException as {@link ProcessDescriptor#signalGroup}
   * @throws IllegalStateException without {@link Pipeline#newProcessGroup()}
   * @throws UnsupportedFeatureException without {@link Feature#SIGNAL_GROUP}
   * @throws ClosedDescriptorException after {@link #close()}
   */
  public boolean signalGroup(Signal signal) throws ProcessDescriptorException {
    return leader().signalGroup(signal);
  }

  private ChildProcess leader() {
    return leader.orElseThrow(() -> new IllegalStateException(
        "the parts of the pipeline have no process group of their own; request it with"
            + " Pipeline.newProcessGroup()"));
  }

  /**
   * Ends all parts in an orderly way and at the same time: each step of the teardown signals all
   * that are left, then waits once for all of them. Returns when all have ended, and does not close
   * the pipeline. A part for which a call fails is left alone from then on, and the others are
   * still ended.
   *
   * @param teardown the signals and the time to wait after each; {@link Teardown#ofGroup()} signals
   *     the process group of the pipeline, and waits for that
   * @return the statuses
   * @throws ProcessDescriptorException as {@link #signal} and {@link #signalGroup}
   * @throws InterruptedException if the thread is interrupted; the parts may still run then
   * @throws IllegalStateException for a process group, without {@link Pipeline#newProcessGroup()}
   * @throws UnsupportedFeatureException for a process group, without {@link Feature#SIGNAL_GROUP}
   * @throws ClosedDescriptorException after {@link #close()}
   */
  public PipelineStatus shutdown(Teardown teardown)
      throws ProcessDescriptorException, InterruptedException {
    if (teardown.group()) {
      var unused = leader().shutdown(teardown);
      kill(); // A part may have left the group.
    } else {
      Platform.current().backend().shutdownAll(parts, teardown);
    }
    return waitFor();
  }

  /**
   * Closes all parts, and their pipes, as {@link ChildProcess#close()}: kills all that are to be
   * killed before it waits for any. Closing again has no effect.
   */
  @Override
  public void close() {
    Platform.current().backend().closeAll(parts);
  }

  @Override
  public String toString() {
    return parts.toString();
  }
}
