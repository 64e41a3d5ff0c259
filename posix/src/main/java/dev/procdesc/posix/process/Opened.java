package dev.procdesc.posix.process;

import dev.procdesc.LastClose;

/** The close action of a process that this JVM opened: its descriptor is closed, and no more. */
public final class Opened implements CloseAction {
  /** Creates the action. */
  public Opened() {}

  @Override
  public Effect kill(int fd) {
    return Effect.CLOSES_DESCRIPTOR;
  }

  @Override
  public LastClose effect() {
    return LastClose.RELEASES;
  }
}
