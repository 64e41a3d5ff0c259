package dev.procdesc.bench;

import java.util.Arrays;

/** Samples of one quantity, such as nanoseconds. */
final class Samples {
  private long[] values = new long[64];
  private int count;

  void add(long value) {
    if (count == values.length) {
      values = Arrays.copyOf(values, count * 2);
    }
    values[count++] = value;
  }

  void addAll(Samples others) {
    for (int i = 0; i < others.count; i++) {
      add(others.values[i]);
    }
  }

  int count() {
    return count;
  }

  /**
   * Returns the mean of the samples after some first ones.
   *
   * @param first the number of samples that are not counted
   */
  long meanFrom(int first) {
    return Math.round(Arrays.stream(values, first, count).average().orElseThrow());
  }

  long median() {
    return percentile(50);
  }

  /**
   * Returns the smallest sample that is not less than the given percentage of all samples. The
   * result is always a measured value, not an interpolated one.
   *
   * @param percent the percentage, from 0 (the least) to 100 (the greatest)
   */
  long percentile(double percent) {
    if (count == 0) {
      throw new IllegalStateException("there are no samples");
    }
    if (!(percent >= 0 && percent <= 100)) {
      throw new IllegalArgumentException("not a percentage: " + percent);
    }
    long[] sorted = Arrays.copyOf(values, count);
    Arrays.sort(sorted);
    int rank = (int) Math.ceil(percent / 100 * count);
    return sorted[Math.max(rank, 1) - 1];
  }
}
