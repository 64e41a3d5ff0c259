package dev.procdesc.posix.process;

import dev.procdesc.posix.io.OwnedDescriptor;
import java.util.Optional;

/**
 * What the last close here does to a process that was received with a lifeline: a pipe's writing
 * end that all its holders share, and at whose other end somebody waits who kills when the last of
 * them is gone.
 */
public final class Lifeline implements CloseAction {
  private final OwnedDescriptor end;

  private Lifeline(OwnedDescriptor end) {
    this.end = end;
  }

  /** Takes ownership of a lifeline that came behind a process. */
  public static Lifeline take(int fd) {
    return new Lifeline(OwnedDescriptor.take(fd, "a lifeline"));
  }

  @Override
  public Effect effect() {
    return Effect.CLOSES_DESCRIPTOR;
  }

  @Override
  public Optional<OwnedDescriptor> share(OwnedDescriptor process) {
    return Optional.of(end);
  }

  @Override
  public boolean kill(int fd) {
    end.close();
    return true;
  }
}
