package dev.procdesc.compat.support;

import dev.procdesc.compat.Differences;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Memory;
import jnr.ffi.Pointer;
import jnr.ffi.annotations.In;
import jnr.ffi.annotations.Out;

/** Queries of a process descriptor on FreeBSD, through a binding of the tests. */
public final class Procdesc {
  private static final Functions FUNCTIONS = load();

  /** The size of {@code struct stat} on FreeBSD. */
  private static final int STAT_SIZE = 224;

  /** The offset of {@code st_mode} in {@code struct stat} on FreeBSD. */
  private static final int STAT_MODE = 24;

  private Procdesc() {}

  /** The functions, under their C names. */
  public interface Functions {
    /** {@code int pdgetpid(int, pid_t *)}. */
    int pdgetpid(int fd, @Out int[] pid);

    /** {@code int cap_rights_limit(int, const cap_rights_t *)}. */
    int cap_rights_limit(int fd, @In long[] rights);

    /** {@code int fstat(int, struct stat *)}. */
    int fstat(int fd, Pointer stat);
  }

  private static Functions load() {
    return Differences.simulation()
        .map(library -> LibraryLoader.create(Functions.class).load(library))
        .orElseGet(() -> Libc.load(Functions.class));
  }

  /** Returns the PID of the process that a descriptor refers to. */
  public static long pid(int fd) {
    int[] pid = new int[1];
    Libc.check(() -> FUNCTIONS.pdgetpid(fd, pid));
    return pid[0];
  }

  /** Takes every right from a descriptor; needs the kernel's rights. */
  public static void limitToNothing(int fd) {
    long[] none = {1L << 57, 1L << 58};
    Libc.check(() -> FUNCTIONS.cap_rights_limit(fd, none));
  }

  /** Returns whether the mode of a descriptor has the read permission of the owner. */
  public static boolean isReadable(int fd) {
    Pointer stat = Memory.allocateDirect(Libc.RUNTIME, STAT_SIZE);
    Libc.check(() -> FUNCTIONS.fstat(fd, stat));
    return (stat.getShort(STAT_MODE) & 0400) != 0;
  }
}
