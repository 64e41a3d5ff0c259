package dev.procdesc.posix.process;

import dev.procdesc.posix.io.OwnedDescriptor;
import java.util.Optional;

/**
 * The close action of a process that was received with a lifeline: the write end of a pipe, shared
 * by all holders. At the read end the guardian of the JVM that spawned the process waits, and kills
 * the process when the last holder has closed the write end.
 */
public final class Lifeline implements CloseAction {
  private final OwnedDescriptor end;

  private Lifeline(OwnedDescriptor end) {
    this.end = end;
  }

  /** Returns the action for a process that came with a lifeline; empty if it came without. */
  public static Optional<CloseAction> of(Optional<OwnedDescriptor> end) {
    return end.isPresent() ? Optional.of(new Lifeline(end.get())) : Optional.empty();
  }

  @Override
  public Optional<OwnedDescriptor> share(OwnedDescriptor process) {
    return Optional.of(end);
  }

  @Override
  public Effect kill(int fd) {
    return Effect.CLOSES_DESCRIPTOR;
  }

  @Override
  public void giveUp() {
    end.close();
  }
}
