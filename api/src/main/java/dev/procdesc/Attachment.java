package dev.procdesc;

import dev.procdesc.spi.SystemPath;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Set;

/**
 * An open descriptor that came with a message of a {@link DescriptorChannel} and is no process
 * descriptor: a file, a directory, a socket, a memory file. It is close-on-exec from the start, and
 * this object owns it: close it, or {@link #detach()} the number and give it to another owner.
 *
 * <p>An attachment that becomes unreachable without having been closed or detached is closed, with
 * a warning. Instances are safe for use by several threads.
 */
public interface Attachment extends AutoCloseable {
  /**
   * Opens a file or a directory, to attach it to a message. The descriptor is close-on-exec. Other
   * open descriptors are attached by their number: {@link SentDescriptor#of(int)}.
   *
   * @param path the path; a directory can be opened for {@link AccessMode#READ} only
   * @param access the access, but not {@link AccessMode#NONE}; a file is neither created nor
   *     truncated
   * @return the open descriptor, which the caller closes
   * @throws ProcessDescriptorException ENOENT if the path does not exist; EACCES if this JVM may
   *     not access it; EISDIR if a directory is opened for writing; EMFILE if there are too many
   *     open descriptors; in the descriptor-only mode the error of that mode
   * @throws IllegalArgumentException for {@link AccessMode#NONE}
   * @throws UnsupportedOperationException if the path is one of another file system
   * @throws UnsupportedFeatureException without {@link Feature#DESCRIPTOR_CHANNEL}
   */
  static Attachment open(Path path, AccessMode access) throws ProcessDescriptorException {
    SystemPath.check(path);
    if (Objects.requireNonNull(access, "access") == AccessMode.NONE) {
      throw new IllegalArgumentException("a file is opened for reading, for writing or for both");
    }
    return Platform.current().backend().channels().open(path, access);
  }

  /**
   * Returns what the descriptor refers to. It was determined when the descriptor arrived.
   *
   * @return always the same object
   */
  DescriptorType type();

  /**
   * Returns the rights of the descriptor.
   *
   * <p>FreeBSD: {@code cap_rights_get}. Linux descriptors have no rights, so all are returned.
   *
   * @return an unmodifiable set of the rights that this library names
   */
  Set<FileRight> rights();

  /**
   * Returns the number of the descriptor, which this object continues to own.
   *
   * @return the descriptor number, not negative
   * @throws ClosedDescriptorException if it was closed or detached
   */
  int fd();

  /**
   * Returns the number of the descriptor and gives up its ownership: from now on this object never
   * closes it. The descriptor remains close-on-exec.
   *
   * @return the descriptor number, which the caller closes
   * @throws ClosedDescriptorException if it was closed or detached before
   */
  int detach();

  /** Closes the descriptor. Has no effect if it was closed or detached before. */
  @Override
  void close();
}
