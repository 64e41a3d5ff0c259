package dev.procdesc.posix.process;

import dev.procdesc.DescriptorKind;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.posix.io.OwnedDescriptor;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The operations of a backend on descriptors that this JVM did not open itself: those that it
 * received over a socket, that it was started with, or that other code in it opened.
 */
public interface ForeignProcesses {
  /** Returns whether a descriptor is a process descriptor of a whole process. */
  boolean isProcess(int fd);

  /**
   * Returns whether a descriptor that accompanies a process descriptor is the lifeline of that
   * process.
   */
  default boolean isLifeline(int fd) {
    return false;
  }

  /**
   * Returns the kind of a descriptor that is no process descriptor.
   *
   * @throws ProcessDescriptorException EBADF if it is not open
   */
  DescriptorKind kind(int fd) throws ProcessDescriptorException;

  /**
   * Describes a descriptor that is no process descriptor, such as {@code a pipe}.
   *
   * @throws ProcessDescriptorException EBADF if it is not open
   */
  default String describe(int fd) throws ProcessDescriptorException {
    return kind(fd).description();
  }

  /** Returns an object for a process, which owns the descriptors. */
  ProcessDescriptor wrap(OwnedDescriptor process, Optional<OwnedDescriptor> lifeline);

  /** Returns an object for a received process, which owns the descriptors. */
  default ProcessDescriptor received(int fd, OptionalInt lifeline) {
    return wrap(
        OwnedDescriptor.take(fd, "the descriptor of a received process"),
        lifeline.isPresent()
            ? Optional.of(OwnedDescriptor.take(lifeline.getAsInt(), "a lifeline"))
            : Optional.empty());
  }
}
