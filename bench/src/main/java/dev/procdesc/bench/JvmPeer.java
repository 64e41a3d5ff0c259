package dev.procdesc.bench;

import dev.procdesc.Spawner;
import java.io.IOException;
import java.util.Optional;

/**
 * A JVM as a peer: see {@link SpawnerJvm}. It starts with the first samples, so that only its own
 * measurement fails if it cannot start.
 */
final class JvmPeer implements Turns.Peer, AutoCloseable {
  private final Spawner jvm;
  private Optional<Sampler> running = Optional.empty();

  JvmPeer(Spawner jvm) {
    this.jvm = jvm;
  }

  @Override
  public void measure(int count, Samples into) throws IOException {
    if (running.isEmpty()) {
      running = Optional.of(Sampler.start(jvm));
    }
    running.get().measure(count, into);
  }

  @Override
  public void close() {
    running.ifPresent(Sampler::close);
  }
}
