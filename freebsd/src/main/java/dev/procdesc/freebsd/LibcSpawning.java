package dev.procdesc.freebsd;

import dev.procdesc.Feature;
import dev.procdesc.OnClose;
import dev.procdesc.SpawnException.Step;
import dev.procdesc.posix.ChildDescriptors;
import dev.procdesc.posix.Environment;
import dev.procdesc.posix.Errors;
import dev.procdesc.posix.NativeFunction;
import dev.procdesc.posix.PosixNumbers;
import dev.procdesc.posix.SpawnArena;
import dev.procdesc.posix.SystemStrings;
import dev.procdesc.spi.Program;
import dev.procdesc.spi.SpawnRequest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Spawning by {@code posix_spawn} with {@code posix_spawnattr_setprocdescp_np} (FreeBSD 15.1),
 * where machine code of ours cannot be mapped or there is none for the machine. It knows directory,
 * descriptors 0 to 2, process group and signal mask; the other options are refused.
 */
final class LibcSpawning {
  private static final class Functions {
    static final NativeFunction POSIX_SPAWN = NativeFunction.of("posix_spawn");
    static final NativeFunction ATTR_INIT = NativeFunction.of("posix_spawnattr_init");
    static final NativeFunction ATTR_DESTROY = NativeFunction.of("posix_spawnattr_destroy");
    static final NativeFunction ATTR_PROCDESCP =
        NativeFunction.of("posix_spawnattr_setprocdescp_np");
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

  private final Kernel kernel;
  private final SpawnArena arena;
  private final SpawnRequest request;
  private final ChildDescriptors descriptors;
  private final SpawnArena.Place descriptor;

  LibcSpawning(
      Kernel kernel, SpawnArena arena, SpawnRequest request, ChildDescriptors descriptors) {
    this.kernel = kernel;
    this.descriptor = arena.allocate(8);
    this.arena = arena;
    this.request = request;
    this.descriptors = descriptors;
  }

  Spawning.Born spawn() throws IOException {
    refuseWhatItCannot();
    List<byte[]> environment = Environment.of(request.inheritEnvironment(), request.environment());
    List<byte[]> arguments = new ArrayList<>();
    for (String argument : request.arguments()) {
      arguments.add(SystemStrings.encode(argument));
    }
    long argv = arena.strings(arguments);
    long envp = arena.strings(environment);
    String name = ((Program.Named) request.program()).name();
    long attributes = arena.allocate(Numbers.POSIX_SPAWN_OBJECT_SIZE).address();
    long actions = arena.allocate(Numbers.POSIX_SPAWN_OBJECT_SIZE).address();
    check("posix_spawnattr_init", Functions.ATTR_INIT.call(attributes));
    try {
      check("posix_spawn_file_actions_init", Functions.ACTIONS_INIT.call(actions));
      try {
        setAttributes(attributes);
        addActions(actions);
        return search(
            Spawning.candidates(name, environment), name, actions, attributes, argv, envp);
      } finally {
        Functions.ACTIONS_DESTROY.call(actions);
      }
    } finally {
      Functions.ATTR_DESTROY.call(attributes);
    }
  }

  private void refuseWhatItCannot() {
    if (request.program() instanceof Program.Descriptor) {
      throw Spawning.needsStub(Feature.SPAWN_BY_DESCRIPTOR);
    }
    if (request.noNewPrivileges()) {
      throw Spawning.needsStub(Feature.NO_NEW_PRIVILEGES);
    }
    if (request.newSession()
        || request.user().isPresent()
        || request.group().isPresent()
        || request.supplementaryGroups().isPresent()
        || request.umask().isPresent()
        || !request.limits().isEmpty()
        || request.nice().isPresent()
        || request.controllingTerminal().isPresent()
        || request.foreground().isPresent()
        || !request.ignoredSignals().isEmpty()
        || descriptors.targets().last() > 2) {
      throw Spawning.needsStub(Feature.CHILD_SETUP);
    }
  }

  private void setAttributes(long attributes) throws IOException {
    int flags = Numbers.POSIX_SPAWN_SETSIGDEF | Numbers.POSIX_SPAWN_SETSIGMASK;
    if (request.processGroup().isPresent()) {
      flags |= Numbers.POSIX_SPAWN_SETPGROUP;
      check(
          "posix_spawnattr_setpgroup",
          Functions.ATTR_PGROUP.call(attributes, request.processGroup().getAsInt()));
    }
    long blocked = Signals.mask(arena, request.blockedSignals());
    check("posix_spawnattr_setflags", Functions.ATTR_FLAGS.call(attributes, flags));
    check(
        "posix_spawnattr_setsigdefault",
        Functions.ATTR_DEFAULT.call(attributes, arena.words(-1L, -1L)));
    check("posix_spawnattr_setsigmask", Functions.ATTR_MASK.call(attributes, blocked));
    int kind = kernel.descriptorFlags(request.onClose() == OnClose.RELEASE);
    check(
        "posix_spawnattr_setprocdescp_np",
        Functions.ATTR_PROCDESCP.call(attributes, descriptor.address(), kind));
  }

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

  private Spawning.Born search(
      List<byte[]> candidates, String name, long actions, long attributes, long argv, long envp)
      throws IOException {
    SpawnArena.Place pid = arena.allocate(8);
    Optional<Integer> remembered = Optional.empty();
    int outcome = PosixNumbers.ENOENT;
    for (byte[] candidate : candidates) {
      long path = arena.string(candidate);
      // These functions return the error number itself.
      outcome = Functions.POSIX_SPAWN.call(pid.address(), path, actions, attributes, argv, envp);
      if (outcome == 0) {
        int fd = descriptor.bytes().getInt(descriptor.at());
        return new Spawning.Born(fd, pid.bytes().getInt(pid.at()));
      }
      if (outcome == PosixNumbers.EACCES) {
        remembered = Optional.of(outcome);
      } else if (outcome != PosixNumbers.ENOENT && outcome != PosixNumbers.ENOTDIR) {
        break;
      }
    }
    int errno = outcome == PosixNumbers.ENOENT ? remembered.orElse(outcome) : outcome;
    throw Errors.spawn(
        Step.EXECUTE,
        "posix_spawn",
        name,
        -errno,
        request.directory().isPresent()
            ? "or the same of the directory " + request.directory().get()
            : "");
  }

  private static void check(String operation, int errno) throws IOException {
    if (errno != 0) {
      throw Errors.spawn(Step.PREPARE, operation, "", -errno, "");
    }
  }
}
