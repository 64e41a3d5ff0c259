package dev.procdesc.bench;

import java.io.IOException;
import java.util.Optional;

/**
 * The C program as a peer. It starts with the first samples, so that only its own measurement fails
 * if it cannot start.
 */
final class NativePeer implements Turns.Peer, AutoCloseable {
  private final Context context;
  private final String[] arguments;
  private Optional<Sampler> running = Optional.empty();

  NativePeer(Context context, String... arguments) {
    this.context = context;
    this.arguments = arguments.clone();
  }

  /** Adds this peer, if there is a C program. */
  Measurement addTo(Turns turns) {
    return addTo(turns, this);
  }

  /** Adds a peer that uses this one, if there is a C program. */
  Measurement addTo(Turns turns, Turns.Peer peer) {
    return context.program().isPresent()
        ? turns.add(peer)
        : Measurement.without(context.noProgram());
  }

  @Override
  public void measure(int count, Samples into) throws IOException {
    if (running.isEmpty()) {
      running = Optional.of(Sampler.start(context.program().orElseThrow().spawner(arguments)));
    }
    running.get().measure(count, into);
  }

  @Override
  public void close() {
    running.ifPresent(Sampler::close);
  }
}
