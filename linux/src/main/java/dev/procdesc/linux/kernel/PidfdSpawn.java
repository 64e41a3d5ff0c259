package dev.procdesc.linux.kernel;

import dev.procdesc.posix.ffi.NativeArena;
import dev.procdesc.posix.spawn.PosixSpawnCall;

/** The functions of glibc 2.39 and newer that create a child with a pidfd. */
public final class PidfdSpawn {
  /** The function that creates the child, and the sizes of its structures. */
  public static final PosixSpawnCall.Library LIBRARY = new PosixSpawnCall.Library(
      "pidfd_spawn", Numbers.SPAWN_ATTRIBUTES_SIZE, Numbers.SPAWN_ACTIONS_SIZE);

  private PidfdSpawn() {}

  /** Writes a {@code sigset_t} of the C library, which has room for more signals than Linux has. */
  public static long signalSet(NativeArena arena, long signals) {
    long[] words = new long[Numbers.SIGSET_T_SIZE / Long.BYTES];
    words[0] = signals;
    return arena.words(words);
  }
}
