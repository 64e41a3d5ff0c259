package dev.procdesc.freebsd;

import dev.procdesc.Feature;
import dev.procdesc.FileRight;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.freebsd.capsicum.FileRights;
import dev.procdesc.freebsd.kernel.Numbers;
import dev.procdesc.freebsd.kernel.Syscalls;
import dev.procdesc.posix.channel.AttachmentCalls;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.probe.Unsupported;
import dev.procdesc.spi.Since;
import java.util.Set;

/** The calls on descriptors of any kind. */
final class FileCalls implements AttachmentCalls {
  @Override
  public int mode(int fd) {
    try (NativeMemory memory = NativeMemory.borrow()) {
      int outcome = Syscalls.fstat(fd, memory.address());
      return outcome < 0
          ? outcome
          : Short.toUnsignedInt(memory.bytes().getShort(Numbers.STAT_MODE));
    }
  }

  /** Only an object of shm_open has seals; before FreeBSD 13 none has. */
  @Override
  public int seals(int fd) {
    return LibC.fcntl(fd, Numbers.F_GET_SEALS, 0);
  }

  @Override
  public Set<FileRight> rights(int fd) {
    return FileRights.of(fd);
  }

  @Override
  public void limit(int fd, Set<FileRight> rights) throws ProcessDescriptorException {
    if (!Syscalls.hasCapRights()) {
      throw Unsupported.feature(Feature.KERNEL_RIGHTS, Since.CAP_RIGHTS_LIMIT.toString());
    }
    FileRights.limit(fd, rights);
  }
}
