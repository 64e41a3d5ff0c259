package dev.procdesc.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

final class SoakTest {
  private static Row row(int ours, int theirs) {
    return Row.of(
        "descriptors", Unit.COUNT, ours, "before", theirs, new Budget(Budget.Kind.EXCESS, 0));
  }

  @Test
  void growthIsFound() {
    assertTrue(SoakBenchmark.isFlat(List.of(row(7, 7), row(6, 7))));
    assertFalse(SoakBenchmark.isFlat(List.of(row(7, 7), row(8, 7))));
  }

  @Test
  @Tag("long")
  void nothingGrowsInSomeThousandSpawns() throws Exception {
    Options options = Options.parse(List.of("--quick"), Set.of());
    Context context = new Context(options, Optional.empty(), Missing.notRun("not compared"));
    List<Row> rows = new SoakBenchmark(4000).run(context);
    assertEquals(List.of(), rows.stream().filter(Row::failed).toList());
    // The memory of a JVM is not steady after so few.
    List<Row> counts = rows.stream()
        .filter(row -> row.result().stream().anyMatch(result -> result.unit() == Unit.COUNT))
        .toList();
    assertTrue(counts.size() >= 3, "only " + counts);
    assertTrue(SoakBenchmark.isFlat(counts), counts.toString());
  }
}
