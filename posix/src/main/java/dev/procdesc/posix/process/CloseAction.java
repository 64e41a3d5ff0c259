package dev.procdesc.posix.process;

import dev.procdesc.posix.io.OwnedDescriptor;
import java.io.IOException;
import java.util.Optional;

/**
 * What the last close of a process's descriptor in this JVM does, and what follows when the process
 * is gone too.
 */
public interface CloseAction {
  /** What the last close in this JVM means. */
  enum Effect {
    /** The process ends: whoever waits for it here is told its status. */
    ENDS_PROCESS,
    /** Others may hold it too, so it may live on; its end is still ours to collect. */
    RELEASES_SHARE,
    /** Others may hold it too, and the kernel counts descriptors: ours must be closed at once. */
    CLOSES_DESCRIPTOR
  }

  /** Receives the process once it exists, before its descriptor is handed out. Called once. */
  default void started(ProcessState process) {}

  /** What the last close means, as things are now. */
  default Effect effect() {
    return Effect.ENDS_PROCESS;
  }

  /**
   * Prepares that another process holds the descriptor too: from now on the process lives until the
   * last holder is gone.
   *
   * @param process the descriptor
   * @return what must travel with it; it stays this object's
   */
  default Optional<OwnedDescriptor> share(OwnedDescriptor process) throws IOException {
    return Optional.empty();
  }

  /** Whether it reaches others than the child, so that it is due even if the child has ended. */
  default boolean reachesOthers() {
    return false;
  }

  /**
   * Kills, or gives up our share in it. Called at most once, at the close.
   *
   * @return false if only the kernel may, and does when the descriptor is closed: the process
   *     became another user's. Its end is not seen then
   */
  boolean kill(int fd);

  /** The child has ended; its descriptor may still be held. Called once. */
  default void ended() {}

  /** The descriptor is closed, and the child has ended or was let go. Called once. */
  default void done() {}
}
