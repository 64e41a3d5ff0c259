package dev.procdesc.posix.spawn;

import dev.procdesc.ChildProcess;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.SpawnException;
import dev.procdesc.Stdio;
import dev.procdesc.TerminalSize;
import dev.procdesc.posix.ffi.NativeArena;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.ffi.Terminals;
import dev.procdesc.posix.io.OwnedDescriptor;
import dev.procdesc.posix.io.Threads;
import dev.procdesc.posix.io.Unreachable;
import dev.procdesc.posix.io.Watcher;
import dev.procdesc.posix.process.ChildProcessImpl;
import dev.procdesc.posix.process.CloseAction;
import dev.procdesc.posix.process.Foreground;
import dev.procdesc.posix.process.Opened;
import dev.procdesc.posix.process.ProcessDescriptorImpl;
import dev.procdesc.posix.process.ProcessOperations;
import dev.procdesc.posix.process.ProcessState;
import dev.procdesc.posix.recording.Recorder;
import dev.procdesc.spi.Program;
import dev.procdesc.spi.Redirect;
import dev.procdesc.spi.SpawnRequest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * Creates children and opens processes. This class makes the objects that the application holds; a
 * backend supplies the memory of a spawn, the call that creates the child, and its close action.
 */
public abstract class Launcher implements TerminalOpener {
  /**
   * The last of the pauses in which the collector's cleanup continues, a quarter of a second in
   * all.
   */
  private static final long LAST_PAUSE_NANOS = 128_000_000;

  private final Watcher watcher;
  private final Operations operations;

  /**
   * The operations on the processes of a backend.
   *
   * @param reaping for children
   * @param reapingForUsage for children whose resource usage is collected
   * @param observing for processes that were opened or received, and are never reaped
   */
  public record Operations(
      ProcessOperations reaping, ProcessOperations reapingForUsage, ProcessOperations observing) {}

  /**
   * A child that executes its program.
   *
   * @param pid its ID; empty if other code reaped the child before the ID was read
   * @param closeAction the action of its last close; empty for {@link dev.procdesc.OnClose#RELEASE}
   */
  public record Launched(int descriptor, OptionalLong pid, Optional<CloseAction> closeAction) {}

  /** Creates a launcher whose children one watcher watches. */
  protected Launcher(Watcher watcher, Operations operations) {
    this.watcher = watcher;
    this.operations = operations;
  }

  /** Returns the memory for one spawn, which the child has to be able to read. */
  protected abstract NativeArena arena() throws IOException;

  /**
   * Returns the low numbers for the descriptors of children; empty if the cost of a spawn does not
   * depend on them.
   */
  protected Optional<ReservedNumbers> reservedNumbers() {
    return Optional.empty();
  }

  /** Returns the size of a terminal of this JVM; empty if the descriptor is none. */
  public final Optional<TerminalSize> terminalSize(int fd) {
    return Terminals.size(fd); // The launcher exists, so the numbers of the system are chosen.
  }

  /** Creates a child and returns when it has executed its program. */
  protected abstract Launched launch(PreparedSpawn spawn) throws IOException;

  /** Returns the request that this system can carry out, or throws if it cannot. */
  protected SpawnRequest adapt(SpawnRequest request) throws IOException {
    return request;
  }

  /**
   * Spawns a child. If this JVM has too many open descriptors, and a garbage collection closes some
   * that the application has dropped, the spawn is repeated, as the JDK does for a shortage of
   * direct buffers and of mapped memory.
   *
   * @throws IOException if a step fails; no process is left then
   */
  public ChildProcess spawn(SpawnRequest request) throws IOException {
    return isHanding(request) ? spawnHanding(request, true) : spawn(adapt(request), true);
  }

  /** Spawns a child that is not reaped before its exit status is requested. */
  public ChildProcess spawnUnwatched(SpawnRequest request) throws IOException {
    return isHanding(request) ? spawnHanding(request, false) : spawn(adapt(request), false);
  }

  /** Returns whether the child gets process descriptors or named descriptors. */
  private static boolean isHanding(SpawnRequest request) {
    if (!request.passed().isEmpty()) {
      return true;
    }
    for (Stdio source : request.descriptors().values()) {
      // A plain spawn does not load the class of the others.
      if (!(source instanceof Enum) && source instanceof Redirect.OfProcess) {
        return true;
      }
    }
    return false;
  }

  private ChildProcess spawnHanding(SpawnRequest request, boolean watched) throws IOException {
    try (HandedDescriptors handed = HandedDescriptors.of(request)) {
      return spawn(adapt(handed.resolve(request)), watched);
    }
  }

  private ChildProcess spawn(SpawnRequest request, boolean watched) throws IOException {
    Recorder recorder = Recorder.find();
    return recorder == null
        ? spawnPatiently(request, watched)
        : spawnRecorded(request, watched, recorder);
  }

  private ChildProcess spawnRecorded(SpawnRequest request, boolean watched, Recorder recorder)
      throws IOException {
    String program = request.program() instanceof Program.Named named
        ? named.name()
        : "descriptor " + ((Program.Descriptor) request.program()).fd();
    Recorder.Spawn spawn = recorder.beginSpawn(program, mechanism(request), request.onClose());
    try {
      ChildProcessImpl child = spawnPatiently(request, watched);
      spawn.succeeded(child.knownPid());
      return child;
    } catch (IOException | RuntimeException e) {
      spawn.failed(e);
      throw e;
    }
  }

  /** Returns the name of the mechanism that creates the child, for a recording. */
  protected abstract String mechanism(SpawnRequest request);

  private ChildProcessImpl spawnPatiently(SpawnRequest request, boolean watched)
      throws IOException {
    try {
      return spawnOnce(request, watched);
    } catch (ProcessDescriptorException e) {
      if (e.errno() != PosixNumbers.EMFILE || !Unreachable.collect()) {
        throw e;
      }
    }
    for (long pause = 1_000_000; pause <= LAST_PAUSE_NANOS; pause *= 2) {
      try {
        return spawnOnce(request, watched);
      } catch (ProcessDescriptorException e) {
        if (e.errno() != PosixNumbers.EMFILE) {
          throw e;
        }
        Threads.pause(pause);
      }
    }
    return spawnOnce(request, watched);
  }

  private ChildProcessImpl spawnOnce(SpawnRequest request, boolean watched) throws IOException {
    watcher.beginSpawn();
    try {
      return spawnPrepared(request, watched);
    } finally {
      watcher.endSpawn();
    }
  }

  private ChildProcessImpl spawnPrepared(SpawnRequest request, boolean watched) throws IOException {
    try (NativeArena arena = arena();
        ChildDescriptors descriptors =
            ChildDescriptors.open(request.descriptors(), watcher, arena, reservedNumbers(), this)) {
      Optional<Foreground> foreground = foreground(request, descriptors);
      Launched launched = launch(request, arena, descriptors, foreground);
      ProcessState state = new ProcessState(
          own(launched.descriptor(), launched.pid()),
          launched.pid(),
          launched.closeAction(),
          request.collectUsage() ? operations.reapingForUsage() : operations.reaping(),
          watcher);
      if (launched.closeAction().isPresent()) {
        launched.closeAction().get().started(state);
      }
      if (foreground.isPresent()) {
        state.takeBack(foreground.get());
      }
      descriptors.handOver();
      ChildProcessImpl child = new ChildProcessImpl(
          state,
          request.onClose(),
          descriptors.inputs(),
          descriptors.outputs(),
          descriptors.givenPipes(),
          descriptors.terminal(),
          descriptors.socket());
      if (watched) {
        watcher.adopt(state);
      }
      return child;
    } catch (UncheckedIOException e) {
      throw e.getCause(); // The memory of the spawn could not grow.
    }
  }

  /** A child in a new session gets no terminal from this JVM. */
  private static Optional<Foreground> foreground(SpawnRequest request, ChildDescriptors descriptors)
      throws IOException {
    OptionalInt terminal = request.foreground().isPresent() && !request.newSession()
        ? descriptors.sourceOf(request.foreground().getAsInt())
        : OptionalInt.empty();
    return terminal.isPresent() ? Foreground.of(terminal.getAsInt()) : Optional.empty();
  }

  private Launched launch(
      SpawnRequest request,
      NativeArena arena,
      ChildDescriptors descriptors,
      Optional<Foreground> foreground)
      throws IOException {
    boolean born = false;
    try {
      Launched launched = launchByRules(PreparedSpawn.of(request, arena, descriptors, foreground));
      born = true;
      return launched;
    } finally {
      if (!born) {
        foreground.ifPresent(Foreground::failed);
      }
    }
  }

  /** Launches the program, or the shell for a script that only the shell can execute. */
  private Launched launchByRules(PreparedSpawn spawn) throws IOException {
    try {
      return launch(spawn);
    } catch (SpawnException e) {
      Optional<PreparedSpawn> byShell =
          e.errno() == PosixNumbers.ENOEXEC ? spawn.byShell() : Optional.empty();
      if (byShell.isEmpty()) {
        throw e;
      }
      return launch(byShell.get());
    }
  }

  /** Returns an object for a process that was opened. It neither reaps nor kills the process. */
  protected final ProcessDescriptor opened(int descriptor, int pid) {
    return new ProcessDescriptorImpl(new ProcessState(
        own(descriptor, OptionalLong.of(pid)),
        pid,
        Optional.of(new Opened()),
        operations.observing(),
        watcher));
  }

  private static OwnedDescriptor own(int descriptor, OptionalLong pid) {
    return OwnedDescriptor.take(
        descriptor,
        "the descriptor of "
            + (pid.isPresent() ? "process " + pid.getAsLong() : "a process without a known ID"));
  }
}
