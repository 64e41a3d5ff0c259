package dev.procdesc.compat.support;

import dev.procdesc.compat.Differences;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Memory;
import jnr.ffi.Pointer;
import jnr.ffi.annotations.Out;

/** What FreeBSD tells of a process descriptor, asked by a binding of the tests' own. */
public final class Procdesc {
  private static final Functions FUNCTIONS = load();

  /** {@code sizeof(struct stat)}, {@code offsetof(struct stat, st_mode)} on FreeBSD. */
  private static final int STAT_SIZE = 224;

  private static final int STAT_MODE = 24;

  private Procdesc() {}

  /** Functions under their C names. */
  public interface Functions {
    /** {@code int pdgetpid(int, pid_t *)}. */
    int pdgetpid(int fd, @Out int[] pid);

    /** {@code int fstat(int, struct stat *)}. */
    int fstat(int fd, Pointer stat);
  }

  private static Functions load() {
    return Differences.simulated()
        ? LibraryLoader.create(Functions.class).load(System.getProperty("dev.procdesc.simulation"))
        : Libc.load(Functions.class);
  }

  /** The process behind a descriptor. */
  public static long pid(int fd) {
    int[] pid = new int[1];
    Libc.check(() -> FUNCTIONS.pdgetpid(fd, pid));
    return pid[0];
  }

  /** Whether the mode of a descriptor lets its owner read. */
  public static boolean isReadable(int fd) {
    Pointer stat = Memory.allocateDirect(Libc.RUNTIME, STAT_SIZE);
    Libc.check(() -> FUNCTIONS.fstat(fd, stat));
    return (stat.getShort(STAT_MODE) & 0400) != 0;
  }
}
