package dev.procdesc.posix.spawn;

import dev.procdesc.SpawnException;
import dev.procdesc.SpawnException.Step;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.NativeArena;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.ffi.SystemNumbers;
import dev.procdesc.posix.ffi.SystemStrings;
import dev.procdesc.spi.Program;
import dev.procdesc.spi.SpawnRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.ToIntFunction;

/**
 * Spawns by the C library, where machine code of this library cannot be mapped or does not exist
 * for the machine. This class has the parts that are the same on every system: directory,
 * descriptors 0 to 2, process group and signals.
 */
public abstract class PosixSpawn implements SpawnRetry.Attempt {
  /** The memory for arguments. */
  protected final NativeArena arena;

  /** The request of the application. */
  protected final SpawnRequest request;

  private final PreparedSpawn spawn;
  private final PosixSpawnCall.Library library;

  /**
   * Creates one spawn.
   *
   * @param library the C library's spawn function
   */
  protected PosixSpawn(PreparedSpawn spawn, PosixSpawnCall.Library library) {
    this.arena = spawn.arena();
    this.request = spawn.request();
    this.spawn = spawn;
    this.library = library;
  }

  /** Returns whether the request can only be fulfilled by a script. */
  protected final boolean needsScript() {
    return request.user().isPresent()
        || request.group().isPresent()
        || request.supplementaryGroups().isChange()
        || request.umask().isPresent()
        || !request.limits().isEmpty()
        || request.nice().isPresent()
        || request.controllingTerminal().isPresent()
        || request.foreground().isPresent()
        || !request.ignoredSignals().isEmpty()
        || spawn.descriptors().targets().last() > 2;
  }

  @Override
  public final PreparedSpawn prepared() {
    return spawn;
  }

  /** Sets flags, signals and all other attributes. */
  protected abstract void setAttributes(PosixSpawnCall call) throws IOException;

  /**
   * Spawns a named program.
   *
   * @return the value that the function stored by its first argument
   */
  protected final int spawnNamed() throws IOException {
    long argv = spawn.argv();
    long envp = spawn.envp();
    try (PosixSpawnCall call = new PosixSpawnCall(arena, library)) {
      setAttributes(call);
      addActions(call);
      return search(call, argv, envp);
    }
  }

  /** Called after the function has failed, before another path is tried. */
  protected void failed() {}

  private void addActions(PosixSpawnCall call) throws IOException {
    for (ChildDescriptors.Placement placement : spawn.descriptors().placements()) {
      call.addCopy(placement.source(), placement.target());
    }
    if (request.directory().isPresent()) {
      call.addDirectory(arena.string(SystemStrings.encode(request.directory().get())));
    }
    call.addCloseFrom(3);
  }

  private int search(PosixSpawnCall call, long argv, long envp) throws IOException {
    NativeArena.Place result = arena.allocate(8);
    int errno = search(spawn.search().orElseThrow(), candidate -> {
      int outcome = call.spawn(result.address(), arena.string(candidate), argv, envp);
      if (outcome != 0) {
        failed();
      }
      return outcome;
    });
    if (errno != 0) {
      throw explain(errno, ((Program.Named) request.program()).name());
    }
    return result.bytes().getInt(result.at());
  }

  /**
   * Tries the candidates of a search until one is executed, or fails with an error that ends the
   * search.
   *
   * @param spawn spawns a candidate; returns 0, or an error number
   * @return 0, or the error number of the search
   */
  static int search(PathSearch search, ToIntFunction<byte[]> spawn) {
    boolean denied = false;
    int outcome = PosixNumbers.ENOENT;
    for (byte[] candidate : search.candidates()) {
      outcome = spawn.applyAsInt(candidate);
      if (outcome == 0) {
        return 0;
      }
      if (!PathSearch.isPassedOver(outcome)) {
        search.failedWith(outcome, candidate);
        break;
      }
      denied |= outcome == PosixNumbers.EACCES;
    }
    return denied && PathSearch.isPassedOver(outcome) ? PosixNumbers.EACCES : outcome;
  }

  /**
   * Explains a failure. The function does not report the step at which the child failed, which can
   * be determined afterwards in most cases.
   */
  private SpawnException explain(int errno, String name) {
    String function = library.name();
    Optional<Path> directory = request.directory();
    if (directory.isPresent()
        && !(Files.isDirectory(directory.get()) && Files.isExecutable(directory.get()))) {
      return Errors.spawn(Step.DIRECTORY, function, directory.get(), -errno, "");
    }
    if (errno == SystemNumbers.posix().eagain()) {
      String hint = "the limit on processes (RLIMIT_NPROC or similar) is reached";
      return Errors.spawn(Step.CREATE, function, "", -errno, hint);
    }
    if (errno == PosixNumbers.EPERM && request.processGroup().orElse(0) > 0) {
      return Errors.spawn(
          Step.SESSION, function, "process group " + request.processGroup().getAsInt(), -errno, "");
    }
    return Errors.spawn(Step.EXECUTE, function, name, -errno, "");
  }
}
