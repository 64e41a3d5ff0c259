package dev.procdesc.posix.process;

import dev.procdesc.DescriptorType;
import dev.procdesc.ProcessDescriptor;
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

  /** Returns what an open descriptor refers to that is no process descriptor. */
  DescriptorType type(int fd);

  /** Describes an open descriptor that is no process descriptor, such as {@code a pipe}. */
  default String describe(int fd) {
    return type(fd).description();
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
