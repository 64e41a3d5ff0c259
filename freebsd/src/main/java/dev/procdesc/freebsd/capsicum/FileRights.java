package dev.procdesc.freebsd.capsicum;

import dev.procdesc.FileRight;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.freebsd.kernel.Numbers;
import dev.procdesc.freebsd.kernel.Syscalls;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.NativeMemory;
import java.util.EnumSet;
import java.util.Set;

/** Translates the rights of files, directories and sockets into a {@code cap_rights_t}. */
public final class FileRights {
  private static final int SECOND = Long.BYTES;

  private FileRights() {}

  /** Returns the bits of a right in the first word. */
  private static long first(FileRight right) {
    return switch (right) {
      case READ -> Numbers.CAP_READ;
      case WRITE -> Numbers.CAP_WRITE;
      case SEEK -> Numbers.CAP_SEEK;
      case MAP -> Numbers.CAP_MMAP;
      case TRUNCATE -> Numbers.CAP_FTRUNCATE;
      case SYNC -> Numbers.CAP_FSYNC;
      case LOCK -> Numbers.CAP_FLOCK;
      case STATUS -> Numbers.CAP_FSTAT;
      case FLAGS -> Numbers.CAP_FCNTL;
      case LOOKUP -> Numbers.CAP_LOOKUP;
      case CREATE -> Numbers.CAP_CREATE;
      case EXECUTE -> Numbers.CAP_FEXECVE;
      case ACCEPT -> Numbers.CAP_ACCEPT;
      case SOCKET_OPTIONS -> Numbers.CAP_GETSOCKOPT | Numbers.CAP_SETSOCKOPT;
      case EVENT -> Numbers.CAP_NONE0;
    };
  }

  /** Returns the bits of a right in the second word. */
  private static long second(FileRight right) {
    return right == FileRight.EVENT ? Numbers.CAP_EVENT : Numbers.CAP_NONE1;
  }

  /** Returns the rights of a descriptor; all if the kernel has no rights. */
  public static Set<FileRight> of(int fd) {
    Set<FileRight> rights = EnumSet.allOf(FileRight.class);
    if (!Syscalls.hasCapRights()) {
      return rights;
    }
    try (NativeMemory memory = NativeMemory.borrow()) {
      int outcome = Syscalls.capRightsGet(fd, memory.address());
      if (outcome < 0) {
        throw new IllegalStateException("cap_rights_get: " + Errors.describe(-outcome));
      }
      long first = memory.bytes().getLong(0);
      long second = memory.bytes().getLong(SECOND);
      rights.removeIf(right ->
          (first & first(right)) != first(right) || (second & second(right)) != second(right));
      return rights;
    }
  }

  /** Limits a descriptor irreversibly to those of its rights that are named. */
  public static void limit(int fd, Set<FileRight> rights) throws ProcessDescriptorException {
    long first = Numbers.CAP_NONE0;
    long second = Numbers.CAP_NONE1;
    for (FileRight right : of(fd)) {
      if (rights.contains(right)) {
        first |= first(right);
        second |= second(right);
      }
    }
    try (NativeMemory memory = NativeMemory.borrow()) {
      memory.bytes().putLong(0, first).putLong(SECOND, second);
      int outcome = Syscalls.capRightsLimit(fd, memory.address());
      if (outcome < 0) {
        throw Errors.failed("cap_rights_limit", "descriptor " + fd, outcome);
      }
    }
  }
}
