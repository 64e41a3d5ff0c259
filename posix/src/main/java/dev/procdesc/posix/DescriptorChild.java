package dev.procdesc.posix;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus;
import dev.procdesc.OnClose;
import dev.procdesc.PipeInput;
import dev.procdesc.PipeOutput;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.ResourceUsage;
import dev.procdesc.Signal;
import dev.procdesc.StateChange;
import dev.procdesc.Teardown;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * The object that an application holds of a child: a {@link ProcessCore} and its pipes. Methods
 * fence it, because while one runs on the core alone the object could be collected, and so closed.
 */
public final class DescriptorChild implements ChildProcess {
  private static final System.Logger LOG = System.getLogger("dev.procdesc");
  private static final Cleaner CLEANER = Cleaner.create();

  private final ProcessCore core;
  private final OnClose onClose;
  private final Map<Integer, DescriptorInput> inputs;
  private final Map<Integer, DescriptorOutput> outputs;
  private final Cleaner.Cleanable cleanable;

  /** A child that was just spawned; its pipes by the child's descriptor numbers. */
  public DescriptorChild(
      ProcessCore core,
      OnClose onClose,
      Map<Integer, DescriptorInput> inputs,
      Map<Integer, DescriptorOutput> outputs) {
    this.core = core;
    this.onClose = onClose;
    this.inputs = inputs;
    this.outputs = outputs;
    // Whoever reads the child's output needs the child, even if the stream is all that is kept.
    inputs.values().forEach(pipe -> pipe.keepReachable(this));
    outputs.values().forEach(pipe -> pipe.keepReachable(this));
    this.cleanable = CLEANER.register(this, new Forgotten(core));
    core.watcher().adopt(core);
  }

  /** What the garbage collector does for a descriptor that was never closed. */
  private record Forgotten(ProcessCore core) implements Runnable {
    @Override
    public void run() {
      if (!core.isClosed()) {
        LOG.log(
            System.Logger.Level.WARNING,
            "the descriptor of {0} became unreachable without having been closed; it is closed now",
            core);
        core.close();
      }
    }
  }

  @Override
  public int fd() {
    return core.fd();
  }

  @Override
  public long pid() {
    return core.pid();
  }

  @Override
  public boolean signal(Signal signal) throws ProcessDescriptorException {
    try {
      return core.signal(Objects.requireNonNull(signal, "signal"));
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  @Override
  public boolean signalGroup(Signal signal) throws ProcessDescriptorException {
    try {
      return core.signalGroup(Objects.requireNonNull(signal, "signal"));
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  @Override
  public ExitStatus shutdown(Teardown teardown)
      throws ProcessDescriptorException, InterruptedException {
    try {
      return core.shutdown(teardown);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  @Override
  public Optional<ExitStatus> poll() {
    try {
      return core.poll();
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  @Override
  public ExitStatus waitFor() throws InterruptedException {
    try {
      return core.waitFor(Long.MAX_VALUE).orElseThrow();
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  @Override
  public Optional<ExitStatus> waitFor(Duration timeout) throws InterruptedException {
    try {
      // Beyond 292 years nanoseconds overflow, which is as good as no limit.
      long nanos = timeout.toSeconds() >= Long.MAX_VALUE / 1_000_000_000L
          ? Long.MAX_VALUE
          : timeout.isNegative() ? 0 : timeout.toNanos();
      return core.waitFor(nanos);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  @Override
  public CompletableFuture<ExitStatus> onExit() {
    ExitFuture future = new ExitFuture(this);
    core.onExit(future);
    return future;
  }

  /** A future that keeps its child reachable, and so alive, until it is complete. */
  private static final class ExitFuture extends CompletableFuture<ExitStatus> {
    @SuppressWarnings({"unused", "FieldCanBeLocal"}) // Its only purpose is to be a reference.
    private final DescriptorChild child;

    ExitFuture(DescriptorChild child) {
      this.child = child;
    }
  }

  @Override
  public Optional<ResourceUsage> resourceUsage() {
    return core.resourceUsage();
  }

  @Override
  public Listening onStateChange(Consumer<? super StateChange> listener) {
    Objects.requireNonNull(listener, "listener");
    return core.onStateChange(listener);
  }

  @Override
  public PipeOutput pipeTo(int fd) {
    PipeOutput pipe = outputs.get(fd);
    if (pipe == null) {
      throw new IllegalStateException(
          "the child does not read a pipe at descriptor " + fd + "; ask for one with Stdio.pipe()");
    }
    return pipe;
  }

  @Override
  public PipeInput pipeFrom(int fd) {
    PipeInput pipe = inputs.get(fd);
    if (pipe == null) {
      throw new IllegalStateException("the child does not write a pipe at descriptor " + fd
          + "; ask for one with Stdio.pipe()");
    }
    return pipe;
  }

  @Override
  public boolean hasPipe(int fd) {
    return inputs.containsKey(fd) || outputs.containsKey(fd);
  }

  @Override
  public void close() {
    core.close();
    cleanable.clean();
    if (onClose != OnClose.RELEASE) {
      inputs.values().forEach(DescriptorInput::close);
      outputs.values().forEach(DescriptorOutput::close);
    }
  }

  @Override
  public String toString() {
    return core.toString();
  }
}
