package dev.procdesc.posix.process;

import dev.procdesc.posix.io.OwnedDescriptor;
import java.util.Optional;
import java.util.OptionalInt;

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

  /** Takes ownership of a lifeline, if one was received along with a process. */
  public static Optional<CloseAction> take(OptionalInt fd) {
    return fd.isPresent()
        ? Optional.of(new Lifeline(OwnedDescriptor.take(fd.getAsInt(), "a lifeline")))
        : Optional.empty();
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
