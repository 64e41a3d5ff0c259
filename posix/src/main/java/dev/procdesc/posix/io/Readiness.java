package dev.procdesc.posix.io;

import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import org.jspecify.annotations.Nullable;

/**
 * The registration of a descriptor with the watcher, for a stream that waits for it many times. The
 * descriptor is on loan from the first wait to the end of the registration, so that its number
 * cannot be reused meanwhile.
 */
final class Readiness implements Watcher.Watched {
  private record Registration(OwnedDescriptor.Loan loan, long token) {}

  private final OwnedDescriptor descriptor;
  private final EventQueue.Interest interest;
  private final Watcher watcher;
  private final Runnable ready;

  /** Guarded by this. */
  private @Nullable Registration registration;

  /** Guarded by this. */
  private boolean ended;

  /**
   * Creates a registration, without a wait.
   *
   * @param ready runs after each wait, in the thread that watches all children
   */
  Readiness(
      OwnedDescriptor descriptor, EventQueue.Interest interest, Watcher watcher, Runnable ready) {
    this.descriptor = descriptor;
    this.interest = interest;
    this.watcher = watcher;
    this.ready = ready;
  }

  /**
   * Begins a wait, which one event ends. Does nothing after {@link #end}.
   *
   * @throws ClosedChannelException if the descriptor is closed
   * @throws IOException if the kernel rejects the registration
   */
  synchronized void await() throws IOException {
    if (ended) {
      return;
    }
    Registration present = registration;
    if (present != null) {
      watcher.watchAgain(present.loan.fd(), interest, present.token);
      return;
    }
    OwnedDescriptor.Loan loan = descriptor.lendToChannel();
    try {
      registration = new Registration(loan, watcher.watch(loan.fd(), interest, this));
    } finally {
      if (registration == null) {
        loan.close();
      }
    }
  }

  /** Ends the registration. Idempotent. */
  synchronized void end() {
    ended = true;
    Registration present = registration;
    registration = null;
    if (present != null) {
      watcher.unwatch(present.loan.fd(), interest, present.token);
      present.loan.close();
    }
  }

  @Override
  public void event(long token) {
    ready.run();
  }
}
