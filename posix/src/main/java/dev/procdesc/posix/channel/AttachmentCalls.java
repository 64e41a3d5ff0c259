package dev.procdesc.posix.channel;

import dev.procdesc.FileRight;
import dev.procdesc.ProcessDescriptorException;
import java.util.Optional;
import java.util.Set;

/** The calls on descriptors of any kind that differ between the systems. */
public interface AttachmentCalls {
  /** Returns the {@code st_mode} of a descriptor, or {@code -errno}. */
  int mode(int fd);

  /** Returns words for a file without a type in its mode; empty if the system does not name it. */
  default Optional<String> name(int fd) {
    return Optional.empty();
  }

  /** Returns the seals of a file in memory without a name; {@code -errno} for any other file. */
  int seals(int fd);

  /** Returns the rights of a descriptor; all on a system without rights of descriptors. */
  Set<FileRight> rights(int fd);

  /**
   * Limits the rights of a descriptor irreversibly to those that it has and that are named.
   *
   * @throws dev.procdesc.UnsupportedFeatureException on a system without rights of descriptors
   */
  void limit(int fd, Set<FileRight> rights) throws ProcessDescriptorException;
}
