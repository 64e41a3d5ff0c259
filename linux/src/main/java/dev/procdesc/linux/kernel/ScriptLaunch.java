package dev.procdesc.linux.kernel;

import dev.procdesc.posix.ffi.NativeArena;
import dev.procdesc.posix.spawn.ChildScript;
import dev.procdesc.posix.spawn.SpawnStub;
import java.util.OptionalInt;
import java.util.Set;

/** The launch of one child that executes a script, by the spawn stub or by the launcher. */
public interface ScriptLaunch extends AutoCloseable {
  /** Returns the name of the call that creates the child, for error messages. */
  String operation();

  /** Returns whether the child shares the memory of this JVM until it executes its program. */
  boolean sharesMemory();

  /** Returns the descriptors that must stay open until exec. */
  Set<Integer> kept();

  /** Adds the steps that must come first. */
  void begin(ChildScript script);

  /** Adds the step that makes a descriptor close-on-exec, unless it already is in the child. */
  void closeOnExec(ChildScript script, int fd);

  /**
   * Creates the child and returns when it has executed its program or ended.
   *
   * @param pidfd the place where the descriptor of the child is stored
   * @param flags the flags of clone; 0 if the C library creates the child
   * @param cgroup the directory of the control group in which the kernel creates the child; only
   *     clone3 can do that
   * @param needed the descriptors of this JVM that the script names; not used if the child shares
   *     the memory of this JVM, because it then has all of its descriptors
   * @return the run; its process ID is 0 if the child is created and its ID is unknown
   */
  SpawnStub.Run run(
      ChildScript script,
      NativeArena.Place pidfd,
      long flags,
      OptionalInt cgroup,
      Set<Integer> needed);

  /**
   * Returns whether the child, whose script has called exec and reported no failure, has executed
   * its program: it can have been killed within exec. Returns true where that cannot be told.
   */
  boolean hasExecuted(int pidfd);

  @Override
  void close();
}
