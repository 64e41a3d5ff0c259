package dev.procdesc.posix.process;

import dev.procdesc.DescriptorKind;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.ffi.Terminals;

/** Interprets the mode of an open file, the {@code st_mode} of stat(2). */
public final class FileModes {
  private FileModes() {}

  /**
   * Returns the kind of a descriptor.
   *
   * @param mode its mode
   */
  public static DescriptorKind kind(int fd, int mode) {
    return switch (mode & PosixNumbers.S_IFMT) {
      case PosixNumbers.S_IFREG -> DescriptorKind.FILE;
      case PosixNumbers.S_IFDIR -> DescriptorKind.DIRECTORY;
      case PosixNumbers.S_IFSOCK -> DescriptorKind.SOCKET;
      case PosixNumbers.S_IFIFO -> DescriptorKind.PIPE;
      case PosixNumbers.S_IFBLK -> DescriptorKind.DEVICE;
      case PosixNumbers.S_IFCHR ->
        Terminals.modes(fd).isPresent() ? DescriptorKind.TERMINAL : DescriptorKind.DEVICE;
      default -> DescriptorKind.OTHER;
    };
  }
}
