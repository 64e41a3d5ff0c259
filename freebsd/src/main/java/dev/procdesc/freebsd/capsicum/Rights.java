package dev.procdesc.freebsd.capsicum;

import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.Right;
import dev.procdesc.freebsd.kernel.Numbers;
import dev.procdesc.freebsd.kernel.Syscalls;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.NativeMemory;
import java.util.EnumSet;
import java.util.Set;

/** Translates the library's rights into the kernel's: a {@code cap_rights_t}. */
public final class Rights {
  private static final int SECOND = Long.BYTES;

  private Rights() {}

  private static long kernel(Right right) {
    return switch (right) {
      case SIGNAL -> Numbers.CAP_PDKILL;
      // The exit status is reported as an event.
      case WAIT -> Numbers.CAP_PDWAIT | Numbers.CAP_EVENT;
      case PID -> Numbers.CAP_PDGETPID;
      case EVENT -> Numbers.CAP_EVENT;
      // Enforced by the library: the kernel has no such right.
      case SEND, DUPLICATE -> Numbers.CAP_NONE1;
    };
  }

  /** Limits a descriptor irreversibly. */
  public static void limit(int fd, Set<Right> rights) throws ProcessDescriptorException {
    long word = Numbers.CAP_NONE1;
    for (Right right : rights) {
      word |= kernel(right);
    }
    limit(fd, Numbers.CAP_NONE0, word);
  }

  /**
   * Limits a directory irreversibly to the operations of the run-time linker: it opens libraries
   * below it, which inherit these rights, queries their status and file system, and maps them.
   */
  static void limitToLibraries(int fd) throws ProcessDescriptorException {
    limit(
        fd,
        Numbers.CAP_READ
            | Numbers.CAP_LOOKUP
            | Numbers.CAP_FSTAT
            | Numbers.CAP_FSTATFS
            | Numbers.CAP_MMAP_R
            | Numbers.CAP_MMAP_X,
        Numbers.CAP_NONE1);
  }

  private static void limit(int fd, long first, long second) throws ProcessDescriptorException {
    try (NativeMemory memory = NativeMemory.borrow()) {
      memory.bytes().putLong(0, first).putLong(SECOND, second);
      int outcome = Syscalls.capRightsLimit(fd, memory.address());
      if (outcome < 0) {
        throw Errors.failed("cap_rights_limit", "descriptor " + fd, outcome);
      }
    }
  }

  /** Returns the rights of a descriptor that was received from another process. */
  public static Set<Right> of(int fd) {
    Set<Right> rights = EnumSet.allOf(Right.class);
    if (!Syscalls.hasCapRights()) {
      return rights;
    }
    try (NativeMemory memory = NativeMemory.borrow()) {
      int outcome = Syscalls.capRightsGet(fd, memory.address());
      if (outcome < 0) {
        throw new IllegalStateException("cap_rights_get: " + Errors.describe(-outcome));
      }
      long word = memory.bytes().getLong(SECOND);
      rights.removeIf(right -> (word & kernel(right)) != kernel(right));
    }
    return rights;
  }
}
