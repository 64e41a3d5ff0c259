package dev.procdesc.posix.backend;

import dev.procdesc.ProcessDescriptorException;
import java.io.UncheckedIOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A value that is made at its first use, once for each JVM. A failure is not remembered: a lack of
 * descriptors, for example, may pass. Safe for use by several threads.
 */
public abstract class Lazy<T> {
  private volatile @Nullable T value;

  /** Creates a holder without a value. */
  protected Lazy() {}

  /** Returns a new value. */
  protected abstract T make() throws ProcessDescriptorException;

  /** Returns the value; makes it first if there is none. */
  public final T get() throws ProcessDescriptorException {
    T made = value;
    return made != null ? made : makeOnce();
  }

  /**
   * Returns the value like {@link #get}, to methods that throw no checked exception.
   *
   * @throws UncheckedIOException if it cannot be made
   */
  public final T getUnchecked() {
    try {
      return get();
    } catch (ProcessDescriptorException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns the value if it has been made. */
  public final Optional<T> ifMade() {
    return Optional.ofNullable(value);
  }

  private synchronized T makeOnce() throws ProcessDescriptorException {
    T made = value;
    if (made == null) {
      made = make();
      value = made;
    }
    return made;
  }
}
