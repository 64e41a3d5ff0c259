package dev.procdesc.posix.process;

import dev.procdesc.LastClose;
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
    /** The process ends. The closed descriptor continues to report its exit status. */
    ENDS_PROCESS,
    /**
     * The process may live on: other processes may hold the descriptor too, or this JVM has no
     * permission to kill. This JVM still reaps it.
     */
    RELEASES_SHARE,
    /**
     * The kernel kills the process when the last descriptor is closed, so this JVM must close its
     * descriptor at once. The end of the process is not observed.
     */
    CLOSES_DESCRIPTOR
  }

  /** Receives the process once it exists, before its descriptor is handed out. Called once. */
  default void started(ProcessState process) {}

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
   * Kills the process if no other process can hold it. Called at most once, at the close, also if
   * the process has ended: the action may affect other processes too.
   *
   * <p>A process that changed to another user, by executing a set-user-ID program, can be killed by
   * the kernel only.
   */
  Effect kill(int fd);

  /**
   * Gives up this JVM's share in a process that {@link #kill} did not kill. Called after the waits
   * of the closed reference were ended: another process may kill at once, and the waits would
   * otherwise report that status.
   */
  default void giveUp() {}

  /** Returns the effect of the last close by all holders, of which this JVM is one. */
  default LastClose effect() {
    return LastClose.KILLS;
  }

  /** Returns whether the action also affects processes other than the child. */
  default boolean reachesOthers() {
    return false;
  }

  /** Called once when the child has ended; its descriptor may still be held. */
  default void ended() {}

  /** Called once when the descriptor is closed and the child has ended or was released. */
  default void done() {}
}
