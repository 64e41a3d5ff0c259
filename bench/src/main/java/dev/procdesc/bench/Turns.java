package dev.procdesc.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Measures peers in turns, A B C A B C …, a few samples each time, so that whatever else the
 * machine does hits all of them alike.
 *
 * <p>JMH cannot do that: it finishes one benchmark before it starts the next, minutes later, and it
 * cannot measure a C program at all. It is used where the peers need JVMs of their own anyway.
 */
final class Turns {
  /** Something that can be measured again and again. */
  @FunctionalInterface
  interface Peer {
    /** Takes so many samples. */
    void measure(int count, Samples into) throws Exception;
  }

  /** Something that is measured in one sample. */
  @FunctionalInterface
  interface Once {
    /** Does it and tells the result. */
    long measure() throws Exception;
  }

  /** A peer that is very slow now and then is not to hold up all others for minutes. */
  private static final long MAX_WARMUP = TimeUnit.SECONDS.toNanos(15);

  private static final long MAX_TURN = TimeUnit.MILLISECONDS.toNanos(500);

  private final List<Peer> peers = new ArrayList<>();
  private final List<Measurement> measurements = new ArrayList<>();
  private long deadline;

  /** Adds a peer; what it returns is filled by {@link #run}. */
  Measurement add(Peer peer) {
    Measurement measurement = new Measurement();
    peers.add(peer);
    measurements.add(measurement);
    return measurement;
  }

  /**
   * Adds a peer that is asked for one sample at a time. It gets fewer than the others in a turn
   * that takes too long, but one at least.
   */
  Measurement addOnce(Once once) {
    return add((count, into) -> {
      for (int i = 0; i < count && (i == 0 || System.nanoTime() < deadline); i++) {
        into.add(once.measure());
      }
    });
  }

  /**
   * Measures all of them.
   *
   * @param warmup samples of each to throw away first
   * @param rounds how often each has its turn
   * @param samples in each turn
   */
  void run(int warmup, int rounds, int samples) throws Exception {
    for (Peer peer : peers) {
      if (warmup > 0) {
        deadline = System.nanoTime() + MAX_WARMUP;
        peer.measure(warmup, new Samples());
      }
    }
    for (int round = 0; round < rounds; round++) {
      for (int i = 0; i < peers.size(); i++) {
        Samples turn = new Samples();
        deadline = System.nanoTime() + MAX_TURN;
        peers.get(i).measure(samples, turn);
        measurements.get(i).add(turn);
      }
    }
  }
}
