package dev.procdesc.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class SamplesTest {
  private static Samples samples(long... values) {
    Samples samples = new Samples();
    for (long value : values) {
      samples.add(value);
    }
    return samples;
  }

  @Test
  void percentilesAreMeasuredValues() {
    Samples samples = samples(50, 10, 40, 20, 30);
    assertEquals(10, samples.percentile(0));
    assertEquals(10, samples.percentile(20));
    assertEquals(20, samples.percentile(20.1));
    assertEquals(30, samples.median());
    assertEquals(50, samples.percentile(100));
    assertEquals(7, samples(7).median());
    assertEquals(1, samples(1, 2).median());
  }

  @Test
  void growsAndAdds() {
    Samples all = new Samples();
    for (int i = 0; i < 100; i++) {
      all.addAll(samples(2L * i, 2L * i + 1));
    }
    assertEquals(200, all.count());
    assertEquals(99, all.median());
  }

  @Test
  void refusesNonsense() {
    assertThrows(IllegalStateException.class, () -> new Samples().median());
    assertThrows(IllegalArgumentException.class, () -> samples(1).percentile(101));
    assertThrows(IllegalArgumentException.class, () -> samples(1).percentile(Double.NaN));
  }

  @Test
  void peersTakeTurns() throws Exception {
    List<String> order = new ArrayList<>();
    Turns turns = new Turns();
    Measurement a = turns.add((count, into) -> {
      order.add("a" + count);
      into.add(order.size());
    });
    Measurement b = turns.addOnce(() -> {
      order.add("b");
      return 10L * order.size();
    });
    turns.run(1, 2, 3);
    assertEquals(List.of("a1", "b", "a3", "b", "b", "b", "a3", "b", "b", "b"), order);
    assertEquals(2, a.all().count());
    assertEquals(6, b.all().count());
    assertEquals(3, a.median());
    assertEquals(60, b.median());
  }

  @Test
  void spreadIsThatOfTheRounds() {
    Measurement ours = new Measurement();
    Measurement theirs = new Measurement();
    for (int i = 0; i < 8; i++) {
      // All samples differ from round to round; the ratios are 2 and 3 in turns.
      ours.add(samples(100L * (i + 1) * (2 + i % 2)));
      theirs.add(samples(100L * (i + 1)));
    }
    assertEquals(0.5, ours.spreadOfRatio(theirs).orElseThrow());
    assertTrue(ours.spreadOfRatio(new Measurement()).isEmpty());
  }
}
