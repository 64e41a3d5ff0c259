package dev.procdesc.posix.process;

import dev.procdesc.ExitDescriptor;
import dev.procdesc.ExitStatus;
import dev.procdesc.LastClose;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.ProcessIdentity;
import dev.procdesc.ProcessInfo;
import dev.procdesc.ResourceUsage;
import dev.procdesc.Right;
import dev.procdesc.Signal;
import dev.procdesc.StateChange;
import dev.procdesc.Teardown;
import dev.procdesc.posix.io.Deadline;
import dev.procdesc.posix.io.ForgottenWarnings;
import dev.procdesc.posix.io.Unreachable;
import java.io.IOException;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * The object that an application holds for a process. Its methods end with a reachability fence:
 * while a method runs on the {@link ProcessReference} alone, the object could otherwise be
 * collected, and so closed.
 */
public sealed class ProcessDescriptorImpl implements ProcessDescriptor permits ChildProcessImpl {
  private final ProcessReference reference;
  private final Cleaner.Cleanable cleanable;

  /** Creates the first descriptor of a process, with every right that the kernel gives it. */
  public ProcessDescriptorImpl(ProcessState core) {
    this(ProcessReference.first(core));
  }

  private ProcessDescriptorImpl(ProcessReference reference) {
    this.reference = reference;
    this.cleanable = Unreachable.register(this, new Forgotten(reference));
  }

  /** Closes a descriptor that became unreachable without having been closed. */
  private record Forgotten(ProcessReference reference) implements Runnable {
    @Override
    public void run() {
      if (!reference.isReleased()) {
        String name = reference.toString();
        reference.forget();
        ForgottenWarnings.add(name);
      }
    }
  }

  @Override
  public int fd() {
    return reference.fd();
  }

  @Override
  public long pid() {
    return reference.pid();
  }

  @Override
  public ProcessIdentity identity() throws ProcessDescriptorException {
    try {
      return reference.identity();
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  @Override
  public boolean signal(Signal signal) throws ProcessDescriptorException {
    try {
      return reference.signal(Objects.requireNonNull(signal, "signal"));
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  @Override
  public boolean signalGroup(Signal signal) throws ProcessDescriptorException {
    try {
      return reference.signalGroup(Objects.requireNonNull(signal, "signal"));
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  @Override
  public ExitStatus shutdown(Teardown teardown)
      throws ProcessDescriptorException, InterruptedException {
    try {
      return reference.shutdown(teardown);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  @Override
  public Optional<ExitStatus> poll() {
    try {
      return reference.poll();
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  @Override
  public ExitStatus waitFor() throws InterruptedException {
    try {
      return reference.waitFor(Long.MAX_VALUE).orElseThrow();
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  @Override
  public Optional<ExitStatus> waitFor(Duration timeout) throws InterruptedException {
    try {
      return reference.waitFor(Deadline.nanos(timeout));
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  @Override
  public CompletableFuture<ExitStatus> onExit() {
    CompletableFuture<ExitStatus> future = ExitFuture.of(this);
    reference.onExit(future);
    return future;
  }

  @Override
  public ExitDescriptor exitDescriptor() throws ProcessDescriptorException {
    try {
      return reference.exitDescriptor(this);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /**
   * A future that keeps its process reachable, and therefore alive, until the future is complete.
   */
  private static final class ExitFuture extends CompletableFuture<ExitStatus> {
    @SuppressWarnings({"unused", "FieldCanBeLocal"}) // Its only purpose is to be a reference.
    private final ProcessDescriptorImpl process;

    private ExitFuture(ProcessDescriptorImpl process) {
      this.process = process;
    }

    static CompletableFuture<ExitStatus> of(ProcessDescriptorImpl process) {
      return new ExitFuture(process);
    }
  }

  @Override
  public Optional<ResourceUsage> resourceUsage() {
    return reference.resourceUsage();
  }

  @Override
  public Listening onStateChange(Consumer<? super StateChange> listener) {
    Objects.requireNonNull(listener, "listener");
    return reference.onStateChange(listener);
  }

  @Override
  public boolean isAlive() {
    try {
      return reference.isAlive();
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  @Override
  public ProcessDescriptor duplicate() throws ProcessDescriptorException {
    try {
      return new ProcessDescriptorImpl(reference.duplicate());
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  @Override
  public ProcessDescriptor restrict(Right... rights) throws ProcessDescriptorException {
    try {
      return new ProcessDescriptorImpl(reference.restrict(Set.of(rights)));
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  @Override
  public Set<Right> rights() {
    return reference.rights();
  }

  @Override
  public LastClose lastClose() {
    try {
      return reference.lastClose();
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  @Override
  public ProcessInfo info() throws ProcessDescriptorException {
    try {
      return reference.info();
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  @Override
  public boolean sameProcess(ProcessDescriptor other) throws ProcessDescriptorException {
    try {
      return reference.isSame(of(other).reference);
    } finally {
      Reference.reachabilityFence(this);
      Reference.reachabilityFence(other);
    }
  }

  /** Hands the terminal over again. */
  final boolean giveTerminal() throws ProcessDescriptorException {
    try {
      return reference.giveTerminal();
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /**
   * Returns the library's object behind the interface.
   *
   * @throws IllegalArgumentException if it is another implementation
   */
  public static ProcessDescriptorImpl of(ProcessDescriptor process) {
    if (Objects.requireNonNull(process, "process") instanceof ProcessDescriptorImpl held) {
      return held;
    }
    throw new IllegalArgumentException(
        "not a descriptor of this library: " + process.getClass().getName());
  }

  /** Lends the kernel's descriptor for sending. */
  public ProcessReference.Loan lend() throws IOException {
    try {
      return reference.lend();
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /** Runs an action at the end of the process, in the thread that collects the exit status. */
  final void whenEnded(Runnable action) {
    reference.core().whenEnded(action);
  }

  /** Returns the ID of the process, if it is known, whatever the rights of this descriptor. */
  public final OptionalLong knownPid() {
    return reference.core().pid();
  }

  /** Returns the state behind this object. */
  final ProcessReference reference() {
    return reference;
  }

  /**
   * Releases the kernel's descriptor of a process that has ended, if its close would have no other
   * effect.
   *
   * @return whether it is released now
   */
  final boolean releaseAfterEnd() {
    return reference.releaseAfterEnd();
  }

  /** Cancels the cleanup of this object, which was closed. */
  final void cancelCleanup() {
    cleanable.clean();
  }

  @Override
  public void close() {
    reference.close();
    cancelCleanup();
  }

  @Override
  public String toString() {
    return reference.toString();
  }
}
