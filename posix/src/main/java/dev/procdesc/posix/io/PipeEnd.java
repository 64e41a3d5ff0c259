package dev.procdesc.posix.io;

import java.nio.channels.Channel;

/** The parent's end of a pipe to a child. */
public interface PipeEnd extends Channel {
  /** Returns the descriptor of this end. */
  BlockingDescriptor end();

  /** Keeps an object reachable for as long as this one is. */
  default void keepReachable(Object owner) {
    end().keepReachable(owner);
  }

  /** Closes this end, which another child has now. */
  void giveUp();

  @Override
  default boolean isOpen() {
    return end().isOpen();
  }
}
