package dev.procdesc.posix.spawn;

import dev.procdesc.SpawnException.Step;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.NativeArena;
import dev.procdesc.posix.ffi.NativeFunction;
import java.io.IOException;

/**
 * A call of the C library's spawn function, with its attributes and file actions. All of these
 * functions return an error number.
 */
public final class PosixSpawnCall implements AutoCloseable {
  private static final NativeFunction ATTR_INIT = NativeFunction.of("posix_spawnattr_init");
  private static final NativeFunction ATTR_DESTROY = NativeFunction.of("posix_spawnattr_destroy");
  private static final NativeFunction ATTR_FLAGS = NativeFunction.of("posix_spawnattr_setflags");
  private static final NativeFunction ATTR_PGROUP = NativeFunction.of("posix_spawnattr_setpgroup");
  private static final NativeFunction ATTR_DEFAULT =
      NativeFunction.of("posix_spawnattr_setsigdefault");
  private static final NativeFunction ATTR_MASK = NativeFunction.of("posix_spawnattr_setsigmask");
  private static final NativeFunction ACTIONS_INIT =
      NativeFunction.of("posix_spawn_file_actions_init");
  private static final NativeFunction ACTIONS_DESTROY =
      NativeFunction.of("posix_spawn_file_actions_destroy");
  private static final NativeFunction ADD_DUP2 =
      NativeFunction.of("posix_spawn_file_actions_adddup2");
  private static final NativeFunction ADD_CHDIR =
      NativeFunction.of("posix_spawn_file_actions_addchdir_np");
  private static final NativeFunction ADD_CLOSEFROM =
      NativeFunction.of("posix_spawn_file_actions_addclosefrom_np");

  private final NativeFunction function;
  private final long attributes;
  private final long actions;

  /**
   * The spawn function of a C library.
   *
   * @param name the name of the function
   * @param attributesSize the size of a {@code posix_spawnattr_t}
   * @param actionsSize the size of a {@code posix_spawn_file_actions_t}
   */
  public record Library(String name, int attributesSize, int actionsSize) {}

  /** Prepares a call without flags and without actions. */
  public PosixSpawnCall(NativeArena arena, Library library) throws IOException {
    function = NativeFunction.of(library.name());
    attributes = arena.allocate(library.attributesSize()).address();
    actions = arena.allocate(library.actionsSize()).address();
    check("posix_spawnattr_init", ATTR_INIT.call(attributes));
    int outcome = ACTIONS_INIT.call(actions);
    if (outcome != 0) {
      ATTR_DESTROY.call(attributes);
      check("posix_spawn_file_actions_init", outcome);
    }
  }

  /** Returns the address of the attributes, for a function that only one system has. */
  public long attributes() {
    return attributes;
  }

  /** Sets the flags. */
  public void setFlags(int flags) throws IOException {
    check("posix_spawnattr_setflags", ATTR_FLAGS.call(attributes, flags));
  }

  /** Sets the process group. */
  public void setGroup(int group) throws IOException {
    check("posix_spawnattr_setpgroup", ATTR_PGROUP.call(attributes, group));
  }

  /**
   * Sets, as signal sets, the signals that get their default disposition and the blocked signals.
   */
  public void setSignals(long defaults, long blocked) throws IOException {
    check("posix_spawnattr_setsigdefault", ATTR_DEFAULT.call(attributes, defaults));
    check("posix_spawnattr_setsigmask", ATTR_MASK.call(attributes, blocked));
  }

  /**
   * Adds the copy of a descriptor. The copy stays open across exec, even if source and target are
   * the same.
   */
  public void addCopy(int source, int target) throws IOException {
    check("posix_spawn_file_actions_adddup2", ADD_DUP2.call(actions, source, target));
  }

  /** Adds a change of the working directory. */
  public void addDirectory(long path) throws IOException {
    check("posix_spawn_file_actions_addchdir_np", ADD_CHDIR.call(actions, path));
  }

  /** Adds the close of all descriptors from a number upwards. */
  public void addCloseFrom(int first) throws IOException {
    check("posix_spawn_file_actions_addclosefrom_np", ADD_CLOSEFROM.call(actions, first));
  }

  /**
   * Makes the call.
   *
   * @param result the address at which the function stores its result
   * @return 0, or an error number
   */
  public int spawn(long result, long path, long argv, long envp) {
    return function.call(result, path, actions, attributes, argv, envp);
  }

  /** Throws if a function returned an error number. */
  public static void check(String operation, int errno) throws IOException {
    if (errno != 0) {
      throw Errors.spawn(Step.PREPARE, operation, "", -errno, "");
    }
  }

  @Override
  public void close() {
    ACTIONS_DESTROY.call(actions);
    ATTR_DESTROY.call(attributes);
  }
}
