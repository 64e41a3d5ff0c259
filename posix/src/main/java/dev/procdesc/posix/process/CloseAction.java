package dev.procdesc.posix.process;

import dev.procdesc.posix.io.OwnedDescriptor;
import java.io.IOException;
import java.util.Optional;

/**
 * The action of the last close of a process's descriptor in this JVM, and the cleanup after the
 * process has ended.
 */
public interface CloseAction {
  /** The effect of the last close in this JVM. */
  enum Effect {
    /** The process ends. Waiters in this JVM receive its exit status. */
    ENDS_PROCESS,
    /**
     * Other processes may hold the descriptor too, so the process may live on. This JVM still
     * collects its exit status.
     */
    RELEASES_SHARE,
    /**
     * Other processes may hold the descriptor too, and the kernel counts descriptors, so this JVM
     * must close its descriptor at once.
     */
    CLOSES_DESCRIPTOR
  }

  /** Receives the process once it exists, before its descriptor is handed out. Called once. */
  default void started(ProcessState process) {}

  /** Returns the effect that the last close would have now. */
  default Effect effect() {
    return Effect.ENDS_PROCESS;
  }

  /**
   * Prepares for another process to hold the descriptor too. From now on the process lives until
   * the last holder has closed it.
   *
   * @param process the descriptor
   * @return the descriptor that must be sent along; it remains owned by this object
   */
  default Optional<OwnedDescriptor> share(OwnedDescriptor process) throws IOException {
    return Optional.empty();
  }

  /**
   * Returns whether the action also affects processes other than the child, so that it is due even
   * if the child has ended.
   */
  default boolean reachesOthers() {
    return false;
  }

  /**
   * Kills the process, or gives up this JVM's share in it. Called at most once, at the close.
   *
   * @return false if only the kernel has permission to kill, which it does when the descriptor is
   *     closed: the process changed to another user. Its end is not observed then
   */
  boolean kill(int fd);

  /** Called once when the child has ended; its descriptor may still be held. */
  default void ended() {}

  /** Called once when the descriptor is closed and the child has ended or was released. */
  default void done() {}
}
