package dev.procdesc.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/** The samples of one peer, by turn, or the reason why there is no result. */
final class Measurement {
  private final List<Samples> turns = new ArrayList<>();
  private final Samples all = new Samples();
  private Optional<Missing> missing = Optional.empty();

  /** Returns a measurement without a result. */
  static Measurement without(Missing missing) {
    Measurement measurement = new Measurement();
    measurement.fail(missing);
    return measurement;
  }

  void add(Samples turn) {
    turns.add(turn);
    all.addAll(turn);
  }

  /** Records that there is no result. */
  void fail(Missing reason) {
    missing = Optional.of(reason);
  }

  /** Returns the reason why there is no result; empty if there is one. */
  Optional<Missing> missing() {
    return missing;
  }

  /** Returns all samples. */
  Samples all() {
    return all;
  }

  long median() {
    return all.median();
  }

  /**
   * Returns the spread of the ratio to a peer from round to round, which is the uncertainty of the
   * ratio of all samples.
   *
   * @return half the distance between the quartiles of the rounds' ratios; empty with fewer than
   *     four rounds, or if the peer had a different number of rounds
   */
  OptionalDouble spreadOfRatio(Measurement peer) {
    int rounds = turns.size();
    if (rounds < 4 || peer.turns.size() != rounds) {
      return OptionalDouble.empty();
    }
    double[] ratios = new double[rounds];
    for (int i = 0; i < rounds; i++) {
      ratios[i] = (double) turns.get(i).median() / peer.turns.get(i).median();
    }
    Arrays.sort(ratios);
    return OptionalDouble.of((ratios[rounds * 3 / 4] - ratios[rounds / 4]) / 2);
  }
}
