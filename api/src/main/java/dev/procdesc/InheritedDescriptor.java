package dev.procdesc;

import java.util.Objects;

/** A descriptor with which this JVM was started; see {@link InheritedDescriptors}. */
public sealed interface InheritedDescriptor {
  /**
   * Returns the name of the descriptor.
   *
   * @return the name in {@code LISTEN_FDNAMES}; {@code unknown} without that variable
   */
  String name();

  /**
   * A process.
   *
   * @param name see {@link #name()}
   * @param descriptor the process, which the caller must close; it owns the lifeline too, if there
   *     is one
   */
  record OfProcess(String name, ProcessDescriptor descriptor) implements InheritedDescriptor {
    /**
     * Checks for null.
     *
     * @param name see {@link #name()}
     * @param descriptor see {@link #descriptor()}
     */
    public OfProcess {
      Objects.requireNonNull(name, "name");
      Objects.requireNonNull(descriptor, "descriptor");
    }
  }

  /**
   * A descriptor that refers to no process.
   *
   * @param name see {@link #name()}
   * @param fd the number of the descriptor, which is close-on-exec and belongs to the caller
   * @param type what it refers to
   */
  record Other(String name, int fd, DescriptorType type) implements InheritedDescriptor {
    /**
     * Checks for null.
     *
     * @param name see {@link #name()}
     * @param fd see {@link #fd()}
     * @param type see {@link #type()}
     */
    public Other {
      Objects.requireNonNull(name, "name");
      Objects.requireNonNull(type, "type");
    }
  }
}
