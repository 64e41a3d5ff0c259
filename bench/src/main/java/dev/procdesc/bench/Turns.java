package dev.procdesc.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Measures peers in turns, A B C A B C …, a few samples each time, so that other load on the
 * machine affects all of them alike.
 *
 * <p>JMH cannot do this: it finishes one benchmark before it starts the next, minutes later, and it
 * cannot measure a C program at all. It is used where the peers need separate JVMs anyway.
 */
final class Turns {
  /** A subject that can be measured repeatedly. */
  @FunctionalInterface
  interface Peer {
    /** Takes the given number of samples. */
    void measure(int count, Samples into) throws Exception;
  }

  /** A subject that is measured in one sample. */
  @FunctionalInterface
  interface Once {
    /** Runs the subject once and returns the result. */
    long measure() throws Exception;
  }

  /**
   * The limit of a warm-up, so that an occasionally slow peer does not delay the others for
   * minutes.
   */
  private static final long MAX_WARMUP = TimeUnit.SECONDS.toNanos(15);

  private static final long MAX_TURN = TimeUnit.MILLISECONDS.toNanos(500);

  private final List<Peer> peers = new ArrayList<>();
  private final List<Measurement> measurements = new ArrayList<>();
  private long deadline;

  /** Adds a peer; {@link #run} fills the returned measurement. */
  Measurement add(Peer peer) {
    Measurement measurement = new Measurement();
    peers.add(peer);
    measurements.add(measurement);
    return measurement;
  }

  /**
   * Adds a peer that takes one sample at a time. It takes fewer samples than the others in a turn
   * that lasts too long, but at least one.
   */
  Measurement addOnce(Once once) {
    return add((count, into) -> {
      for (int i = 0; i < count && (i == 0 || System.nanoTime() < deadline); i++) {
        into.add(once.measure());
      }
    });
  }

  /**
   * Measures all peers. A peer that throws an exception takes no further turns, and its measurement
   * has the reason in place of a result.
   *
   * @param warmup the number of initial samples of each peer that are discarded
   * @param rounds the number of turns of each peer
   * @param samples the number of samples in each turn
   */
  void run(int warmup, int rounds, int samples) throws InterruptedException {
    if (warmup > 0) {
      for (int i = 0; i < peers.size(); i++) {
        turn(i, warmup, MAX_WARMUP);
      }
    }
    for (int round = 0; round < rounds; round++) {
      for (int i = 0; i < peers.size(); i++) {
        turn(i, samples, MAX_TURN).ifPresent(measurements.get(i)::add);
      }
    }
  }

  /** Returns the samples of one turn; empty if the peer fails or has failed before. */
  private Optional<Samples> turn(int index, int count, long limit) throws InterruptedException {
    Measurement measurement = measurements.get(index);
    if (measurement.missing().isPresent()) {
      return Optional.empty();
    }
    Samples samples = new Samples();
    deadline = System.nanoTime() + limit;
    try {
      peers.get(index).measure(count, samples);
      return Optional.of(samples);
    } catch (InterruptedException e) {
      throw e;
    } catch (Exception | LinkageError e) {
      // A peer that does not support this Java version may fail to link.
      measurement.fail(Missing.failed(e));
      return Optional.empty();
    }
  }
}
