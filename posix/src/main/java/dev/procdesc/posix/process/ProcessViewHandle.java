package dev.procdesc.posix.process;

import dev.procdesc.ChildProcess;
import dev.procdesc.Signal;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * A handle of a child. Every operation on the child uses the descriptor. Only the queries for which
 * there is no descriptor use the JDK's handle of the ID: the information about the child, and the
 * list of its descendants.
 *
 * <p>The JDK's handle refers to the child if the child was alive when it was created, and its
 * answer is about the child if the child is alive afterwards; the descriptor decides both. The
 * handle is therefore created for each query.
 */
final class ProcessViewHandle implements ProcessHandle {
  private final ProcessView view;
  private final ChildProcess child;

  ProcessViewHandle(ProcessView view, ChildProcess child) {
    this.view = view;
    this.child = child;
  }

  @Override
  public long pid() {
    return child.pid();
  }

  /**
   * Returns the parent, which is this JVM: only the child of a parent that has ended gets another.
   */
  @Override
  public Optional<ProcessHandle> parent() {
    return isAlive() ? Optional.of(ProcessHandle.current()) : Optional.empty();
  }

  @Override
  public Stream<ProcessHandle> children() {
    return list(ProcessHandle::children);
  }

  @Override
  public Stream<ProcessHandle> descendants() {
    return list(ProcessHandle::descendants);
  }

  /** Queries a list, which the JDK returns as a snapshot. It is empty after the end. */
  private Stream<ProcessHandle> list(Function<ProcessHandle, Stream<ProcessHandle>> query) {
    RuntimeException refusal = null;
    try {
      Optional<Stream<ProcessHandle>> answer = ProcessHandle.of(pid()).map(query);
      if (answer.isPresent()) {
        return isAlive() ? answer.get() : Stream.empty();
      }
    } catch (RuntimeException e) {
      refusal = e; // The JDK cannot read the list of processes.
    }
    if (!isAlive()) {
      return Stream.empty();
    }
    throw new UnsupportedOperationException(
        "this system does not report process " + pid() + " by its ID", refusal);
  }

  @Override
  public Info info() {
    try {
      Optional<Info> answer = ProcessHandle.of(pid()).map(ProcessHandle::info);
      if (answer.isPresent() && isAlive()) {
        return answer.get();
      }
    } catch (RuntimeException e) {
      return new NoInfo(); // The JDK cannot read the list of processes.
    }
    return new NoInfo();
  }

  /** The information about a process that has ended, or that the system does not report. */
  private static final class NoInfo implements Info {
    @Override
    public Optional<String> command() {
      return Optional.empty();
    }

    @Override
    public Optional<String> commandLine() {
      return Optional.empty();
    }

    @Override
    public Optional<String[]> arguments() {
      return Optional.empty();
    }

    @Override
    public Optional<Instant> startInstant() {
      return Optional.empty();
    }

    @Override
    public Optional<Duration> totalCpuDuration() {
      return Optional.empty();
    }

    @Override
    public Optional<String> user() {
      return Optional.empty();
    }

    @Override
    public String toString() {
      return "[]";
    }
  }

  @Override
  public CompletableFuture<ProcessHandle> onExit() {
    return child.onExit().thenApply(status -> this);
  }

  @Override
  public boolean supportsNormalTermination() {
    return view.supportsNormalTermination();
  }

  @Override
  public boolean destroy() {
    return send(Signal.TERM);
  }

  @Override
  public boolean destroyForcibly() {
    return send(Signal.KILL);
  }

  private boolean send(Signal signal) {
    try {
      return view.signalIfOpen(signal);
    } catch (IOException e) {
      return false; // The child runs as another user now.
    }
  }

  @Override
  public boolean isAlive() {
    return child.isAlive();
  }

  /**
   * Orders by ID, and handles of the same ID by their class and process, consistently with equals.
   */
  @Override
  public int compareTo(ProcessHandle other) {
    if (equals(other)) {
      return 0;
    }
    int order = Long.compare(pid(), other.pid());
    if (order != 0) {
      return order;
    }
    return other instanceof ProcessViewHandle handle
        ? Long.compare(view.number(), handle.view.number())
        : getClass().getName().compareTo(other.getClass().getName());
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ProcessViewHandle handle && view == handle.view;
  }

  @Override
  public int hashCode() {
    return Long.hashCode(pid());
  }

  @Override
  public String toString() {
    return Long.toString(pid());
  }
}
