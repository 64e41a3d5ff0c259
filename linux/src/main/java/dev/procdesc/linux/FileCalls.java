package dev.procdesc.linux;

import dev.procdesc.Feature;
import dev.procdesc.FileRight;
import dev.procdesc.linux.kernel.Numbers;
import dev.procdesc.linux.kernel.OwnProc;
import dev.procdesc.linux.kernel.Syscalls;
import dev.procdesc.posix.channel.AttachmentCalls;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.probe.Unsupported;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/** The calls on descriptors of any kind. Descriptors have no rights here. */
final class FileCalls implements AttachmentCalls {
  private static int statx(int fd, int mask, NativeMemory memory) {
    int emptyPath = 1024;
    memory.bytes().put(emptyPath, (byte) 0);
    return Syscalls.statx(
        fd, memory.address() + emptyPath, Numbers.AT_EMPTY_PATH, mask, memory.address());
  }

  /** A pidfd, also that of a thread, looks like a regular file from Linux 6.9 on; it is none. */
  @Override
  public int mode(int fd) {
    try (NativeMemory memory = NativeMemory.borrow()) {
      int outcome = statx(fd, Numbers.STATX_TYPE, memory);
      if (outcome < 0) {
        return outcome;
      }
      int mode = Short.toUnsignedInt(memory.bytes().getShort(Numbers.STATX_MODE_AT));
      boolean pidfd = Syscalls.fstatfs(fd, memory.address()) == 0
          && memory.bytes().getLong(Numbers.STATFS_TYPE) == Numbers.PID_FS_MAGIC;
      return pidfd ? 0 : mode;
    }
  }

  @Override
  public Optional<String> name(int fd) {
    return ForeignPidfds.isPidfd(fd)
        ? Optional.of("the pidfd of a single thread")
        : OwnProc.nameOf(fd);
  }

  /**
   * A file of tmpfs has seals, also one with a name. What memfd_create returns has no name, so it
   * has no links.
   */
  @Override
  public int seals(int fd) {
    try (NativeMemory memory = NativeMemory.borrow()) {
      int outcome = statx(fd, Numbers.STATX_NLINK, memory);
      if (outcome < 0) {
        return outcome;
      }
      return memory.bytes().getInt(Numbers.STATX_NLINK_AT) == 0
          ? LibC.fcntl(fd, Numbers.F_GET_SEALS, 0)
          : -PosixNumbers.EINVAL;
    }
  }

  @Override
  public Set<FileRight> rights(int fd) {
    return EnumSet.allOf(FileRight.class);
  }

  @Override
  public void limit(int fd, Set<FileRight> rights) {
    throw Unsupported.feature(Feature.KERNEL_RIGHTS, "cap_rights_limit");
  }
}
