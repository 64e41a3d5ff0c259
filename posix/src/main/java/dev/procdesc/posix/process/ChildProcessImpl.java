package dev.procdesc.posix.process;

import dev.procdesc.ChildProcess;
import dev.procdesc.ChildSocket;
import dev.procdesc.OnClose;
import dev.procdesc.PipeInput;
import dev.procdesc.PipeOutput;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.Teardown;
import dev.procdesc.Terminal;
import dev.procdesc.posix.io.Deadline;
import dev.procdesc.posix.io.PipeEnd;
import dev.procdesc.posix.io.PipeInputImpl;
import dev.procdesc.posix.io.PipeOutputImpl;
import dev.procdesc.posix.io.SocketStreams;
import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The object that an application holds for a child: the process and its pipes. */
public final class ChildProcessImpl extends ProcessDescriptorImpl implements ChildProcess {
  private final OnClose onClose;
  private final Map<Integer, PipeInputImpl> inputs;
  private final Map<Integer, PipeOutputImpl> outputs;
  private final Optional<ChildTerminal> terminal;
  private final Optional<SocketStreams> socket;

  /** The pipes of other children that this child got; keeps those children reachable. */
  @SuppressWarnings("UnusedVariable") // Never read.
  private final List<PipeEnd> given;

  /** The view, once it was requested; guarded by this. */
  private @Nullable Process view;

  /**
   * Creates the object for a child that was just spawned, with its pipes, and the streams of its
   * terminal, by the child's descriptor numbers.
   *
   * @param given the pipes of other children that the child got
   */
  public ChildProcessImpl(
      ProcessState core,
      OnClose onClose,
      Map<Integer, PipeInputImpl> inputs,
      Map<Integer, PipeOutputImpl> outputs,
      List<PipeEnd> given,
      Optional<ChildTerminal> terminal,
      Optional<SocketStreams> socket) {
    super(core);
    this.onClose = onClose;
    this.inputs = Map.copyOf(inputs);
    this.outputs = Map.copyOf(outputs);
    this.given = given;
    this.terminal = terminal;
    this.socket = socket;
    // A reader of the child's output needs the child, even if the application retains only the
    // stream.
    for (PipeInputImpl pipe : inputs.values()) {
      pipe.keepReachable(this);
      Optional<Runnable> release = pipe.releaseAtEnd();
      if (release.isPresent()) {
        core.whenEnded(release.get());
      }
    }
    for (PipeOutputImpl pipe : outputs.values()) {
      pipe.keepReachable(this);
      core.whenEnded(pipe.releaseWithoutReader());
    }
    if (socket.isPresent()) {
      // One of them may have no number in the child.
      socket.get().in().keepReachable(this);
      socket.get().out().keepReachable(this);
    }
  }

  @Override
  public PipeOutput pipeTo(int fd) {
    PipeOutput pipe = outputs.get(fd);
    if (pipe == null) {
      throw new IllegalStateException(
          "the child does not read a pipe at descriptor " + fd + "; request it with Stdio.pipe()");
    }
    return pipe;
  }

  @Override
  public PipeInput pipeFrom(int fd) {
    PipeInput pipe = inputs.get(fd);
    if (pipe == null) {
      throw new IllegalStateException(
          "the child does not write a pipe at descriptor " + fd + "; request it with Stdio.pipe()");
    }
    return pipe;
  }

  @Override
  public boolean hasPipe(int fd) {
    return inputs.containsKey(fd) || outputs.containsKey(fd);
  }

  @Override
  public ChildSocket socket() {
    if (socket.isEmpty()) {
      throw new IllegalStateException(
          "the child has no socket to this JVM; request it with Stdio.socketPair()");
    }
    return socket.get();
  }

  @Override
  public boolean hasSocket() {
    return socket.isPresent();
  }

  @Override
  public Terminal terminal() {
    if (terminal.isEmpty()) {
      throw new IllegalStateException(
          "no terminal was opened for the child; request it with Spawner.terminal()");
    }
    return terminal.get();
  }

  @Override
  public boolean hasTerminal() {
    return terminal.isPresent();
  }

  @Override
  public boolean foreground() throws ProcessDescriptorException {
    return giveTerminal();
  }

  @Override
  public synchronized Process asProcess() {
    Process first = view;
    if (first == null) {
      first = ProcessView.of(
          this,
          Optional.ofNullable(outputs.get(0)).map(PipeOutputImpl::processStream),
          Optional.ofNullable(inputs.get(1)).map(PipeInputImpl::processStream),
          Optional.ofNullable(inputs.get(2)).map(PipeInputImpl::processStream));
      view = first;
      // This also keeps the child reachable until its end, as the JDK does.
      whenEnded(this::releaseDescriptors);
    }
    return first;
  }

  /**
   * Releases the descriptors of a child that has ended. Pipes of other descriptor numbers than the
   * standard ones are unknown to the users of {@link Process}.
   */
  private void releaseDescriptors() {
    releaseAfterEnd();
    Optional.ofNullable(inputs.get(1)).ifPresent(PipeInputImpl::childEnded);
    Optional.ofNullable(inputs.get(2)).ifPresent(PipeInputImpl::childEnded);
  }

  /**
   * Releases the descriptors of a child that has ended, if its close would have no other effect.
   * What its pipes contain remains readable.
   *
   * @return whether the child is released now
   */
  boolean letGo() {
    if (!releaseAfterEnd()) {
      return false;
    }
    for (PipeInputImpl pipe : inputs.values()) {
      pipe.childEnded();
    }
    return true;
  }

  /**
   * Closes children at the same time: kills all of them before it waits for the end of the first,
   * and waits for the end of all for at most the time that one close takes.
   */
  public static void closeAll(List<? extends ChildProcess> children) {
    List<ProcessReference> released = new ArrayList<>(children.size());
    List<RuntimeException> failures = new ArrayList<>();
    for (ChildProcess each : children) {
      ChildProcessImpl child = (ChildProcessImpl) each;
      try {
        child.reference().release();
        released.add(child.reference());
      } catch (RuntimeException e) {
        failures.add(e); // The others must be killed all the same.
      }
      child.cancelCleanup();
      // Before the waits, which need descriptors themselves.
      child.closePipes();
    }
    Deadline deadline = ProcessReference.closeDeadline();
    for (ProcessReference process : released) {
      try {
        process.awaitKilled(deadline);
      } catch (RuntimeException e) {
        failures.add(e);
      }
    }
    if (!failures.isEmpty()) {
      RuntimeException first = failures.get(0);
      failures.subList(1, failures.size()).forEach(first::addSuppressed);
      throw first;
    }
  }

  /**
   * Ends children at the same time.
   *
   * @throws ProcessDescriptorException the first failure, with the others as suppressed ones
   * @throws InterruptedException if the thread is interrupted; children may run then
   */
  public static void shutdownAll(List<? extends ChildProcess> children, Teardown teardown)
      throws ProcessDescriptorException, InterruptedException {
    List<ProcessReference> processes = new ArrayList<>(children.size());
    for (ChildProcess child : children) {
      processes.add(((ChildProcessImpl) child).reference());
    }
    try {
      TeardownRun.check(TeardownRun.run(teardown, processes));
    } finally {
      Reference.reachabilityFence(children);
    }
  }

  @Override
  public void close() {
    super.close();
    closePipes();
  }

  private void closePipes() {
    if (onClose != OnClose.RELEASE) {
      for (PipeInputImpl pipe : inputs.values()) {
        pipe.close();
      }
      for (PipeOutputImpl pipe : outputs.values()) {
        pipe.close();
      }
      if (socket.isPresent()) {
        socket.get().close();
      }
    }
  }
}
