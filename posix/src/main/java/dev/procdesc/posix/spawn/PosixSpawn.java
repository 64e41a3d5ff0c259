package dev.procdesc.posix.spawn;

import dev.procdesc.SpawnException;
import dev.procdesc.SpawnException.Step;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.NativeArena;
import dev.procdesc.posix.ffi.NativeFunction;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.ffi.SystemStrings;
import dev.procdesc.spi.Program;
import dev.procdesc.spi.SpawnRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Spawning by the C library, where machine code of ours cannot be mapped or there is none for the
 * machine. What is the same on every system is here: directory, descriptors 0 to 2, process group
 * and signals.
 */
public abstract class PosixSpawn {
  /** The functions; the library's own spawn function is the backend's. */
  private static final class Functions {
    static final NativeFunction ATTR_INIT = NativeFunction.of("posix_spawnattr_init");
    static final NativeFunction ATTR_DESTROY = NativeFunction.of("posix_spawnattr_destroy");
    static final NativeFunction ATTR_FLAGS = NativeFunction.of("posix_spawnattr_setflags");
    static final NativeFunction ATTR_PGROUP = NativeFunction.of("posix_spawnattr_setpgroup");
    static final NativeFunction ATTR_DEFAULT = NativeFunction.of("posix_spawnattr_setsigdefault");
    static final NativeFunction ATTR_MASK = NativeFunction.of("posix_spawnattr_setsigmask");
    static final NativeFunction ACTIONS_INIT = NativeFunction.of("posix_spawn_file_actions_init");
    static final NativeFunction ACTIONS_DESTROY =
        NativeFunction.of("posix_spawn_file_actions_destroy");
    static final NativeFunction ADD_DUP2 = NativeFunction.of("posix_spawn_file_actions_adddup2");
    static final NativeFunction ADD_CHDIR =
        NativeFunction.of("posix_spawn_file_actions_addchdir_np");
    static final NativeFunction ADD_CLOSEFROM =
        NativeFunction.of("posix_spawn_file_actions_addclosefrom_np");

    private Functions() {}
  }

  /** Where arguments are put. */
  protected final NativeArena arena;

  /** What is asked for. */
  protected final SpawnRequest request;

  private final ChildDescriptors descriptors;
  private final PosixNumbers numbers;
  private final String function;
  private final int attributesSize;
  private final int actionsSize;

  /**
   * One spawn.
   *
   * @param numbers the system's
   * @param function the C library's spawn function; like all of these, it returns an error number
   * @param attributesSize of a {@code posix_spawnattr_t}
   * @param actionsSize of a {@code posix_spawn_file_actions_t}
   */
  protected PosixSpawn(
      NativeArena arena,
      SpawnRequest request,
      ChildDescriptors descriptors,
      PosixNumbers numbers,
      String function,
      int attributesSize,
      int actionsSize) {
    this.arena = arena;
    this.request = request;
    this.descriptors = descriptors;
    this.numbers = numbers;
    this.function = function;
    this.attributesSize = attributesSize;
    this.actionsSize = actionsSize;
  }

  /** Whether this can only be done by a script. */
  protected final boolean needsScript() {
    return request.user().isPresent()
        || request.group().isPresent()
        || request.supplementaryGroups().isPresent()
        || request.umask().isPresent()
        || !request.limits().isEmpty()
        || request.nice().isPresent()
        || request.controllingTerminal().isPresent()
        || request.foreground().isPresent()
        || !request.ignoredSignals().isEmpty()
        || descriptors.targets().last() > 2;
  }

  /** Sets flags, signals and whatever else belongs to the attributes. */
  protected abstract void setAttributes(long attributes) throws IOException;

  /** Sets flags. */
  protected static void setFlags(long attributes, int flags) throws IOException {
    check("posix_spawnattr_setflags", Functions.ATTR_FLAGS.call(attributes, flags));
  }

  /** Sets the process group. */
  protected static void setGroup(long attributes, int group) throws IOException {
    check("posix_spawnattr_setpgroup", Functions.ATTR_PGROUP.call(attributes, group));
  }

  /** Sets the signals that get their default, and those that are blocked. */
  protected static void setSignals(long attributes, long defaults, long blocked)
      throws IOException {
    check("posix_spawnattr_setsigdefault", Functions.ATTR_DEFAULT.call(attributes, defaults));
    check("posix_spawnattr_setsigmask", Functions.ATTR_MASK.call(attributes, blocked));
  }

  /**
   * Spawns a named program.
   *
   * @return what the function stored by its first argument
   */
  protected final int spawnNamed() throws IOException {
    List<byte[]> environment = Environment.of(request.inheritEnvironment(), request.environment());
    List<byte[]> arguments = new ArrayList<>();
    for (String argument : request.arguments()) {
      arguments.add(SystemStrings.encode(argument));
    }
    long argv = arena.strings(arguments);
    long envp = arena.strings(environment);
    String name = ((Program.Named) request.program()).name();
    long attributes = arena.allocate(attributesSize).address();
    long actions = arena.allocate(actionsSize).address();
    check("posix_spawnattr_init", Functions.ATTR_INIT.call(attributes));
    try {
      check("posix_spawn_file_actions_init", Functions.ACTIONS_INIT.call(actions));
      try {
        setAttributes(attributes);
        addActions(actions);
        return search(
            new PathSearch(name, environment).candidates(), name, actions, attributes, argv, envp);
      } finally {
        Functions.ACTIONS_DESTROY.call(actions);
      }
    } finally {
      Functions.ATTR_DESTROY.call(attributes);
    }
  }

  /** Called when the function has failed, before another path is tried. */
  protected void failed() {}

  private void addActions(long actions) throws IOException {
    for (ChildDescriptors.Placement placement : descriptors.placements()) {
      check(
          "posix_spawn_file_actions_adddup2",
          Functions.ADD_DUP2.call(actions, placement.source(), placement.target()));
    }
    if (request.directory().isPresent()) {
      check(
          "posix_spawn_file_actions_addchdir_np",
          Functions.ADD_CHDIR.call(
              actions, arena.string(request.directory().get().toString())));
    }
    check("posix_spawn_file_actions_addclosefrom_np", Functions.ADD_CLOSEFROM.call(actions, 3));
  }

  private int search(
      List<byte[]> candidates, String name, long actions, long attributes, long argv, long envp)
      throws IOException {
    NativeFunction spawn = NativeFunction.of(function);
    NativeArena.Place result = arena.allocate(8);
    Optional<Integer> remembered = Optional.empty();
    int outcome = PosixNumbers.ENOENT;
    for (byte[] candidate : candidates) {
      long path = arena.string(candidate);
      outcome = spawn.call(result.address(), path, actions, attributes, argv, envp);
      if (outcome == 0) {
        return result.bytes().getInt(result.at());
      }
      failed();
      if (outcome == PosixNumbers.EACCES) {
        remembered = Optional.of(outcome);
      } else if (outcome != PosixNumbers.ENOENT && outcome != PosixNumbers.ENOTDIR) {
        break;
      }
    }
    int errno = outcome == PosixNumbers.ENOENT ? remembered.orElse(outcome) : outcome;
    throw explain(errno, name);
  }

  /** The function does not say at which step the child failed; it is seen afterwards, mostly. */
  private SpawnException explain(int errno, String name) {
    Optional<Path> directory = request.directory();
    if (directory.isPresent()
        && !(Files.isDirectory(directory.get()) && Files.isExecutable(directory.get()))) {
      return Errors.spawn(Step.DIRECTORY, function, directory.get(), -errno, "");
    }
    if (errno == numbers.eagain()) {
      String hint = "the limit of processes (RLIMIT_NPROC and the like) is reached";
      return Errors.spawn(Step.CREATE, function, "", -errno, hint);
    }
    if (errno == PosixNumbers.EPERM && request.processGroup().orElse(0) > 0) {
      return Errors.spawn(
          Step.SESSION, function, "process group " + request.processGroup().getAsInt(), -errno, "");
    }
    return Errors.spawn(Step.EXECUTE, function, name, -errno, "");
  }

  /** Fails if a function returned an error number. */
  protected static void check(String operation, int errno) throws IOException {
    if (errno != 0) {
      throw Errors.spawn(Step.PREPARE, operation, "", -errno, "");
    }
  }
}
