package dev.procdesc.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonParser;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class ReportTest {
  private static Measurement measurement(long... values) {
    Measurement measurement = new Measurement();
    Samples samples = new Samples();
    for (long value : values) {
      samples.add(value);
    }
    measurement.add(samples);
    return measurement;
  }

  private static Row row(long ours, long theirs, Budget.Kind kind, double limit) {
    return Row.of(
        "what",
        Unit.NANOSECONDS,
        measurement(ours),
        "peer",
        measurement(theirs),
        new Budget(kind, limit));
  }

  private static boolean isMet(Row row) {
    return row.result().orElseThrow().isMet().orElseThrow();
  }

  @Test
  void budgets() {
    assertTrue(isMet(row(105, 100, Budget.Kind.RATIO, 1.05)));
    assertFalse(isMet(row(106, 100, Budget.Kind.RATIO, 1.05)));
    assertTrue(isMet(row(90, 100, Budget.Kind.SHARE, 0.9)));
    assertFalse(isMet(row(89, 100, Budget.Kind.SHARE, 0.9)));
    assertTrue(isMet(row(100, 300, Budget.Kind.SPEEDUP, 3)));
    assertFalse(isMet(row(100, 299, Budget.Kind.SPEEDUP, 3)));
    assertTrue(isMet(row(150, 50, Budget.Kind.EXCESS, 100)));
    assertFalse(isMet(row(151, 50, Budget.Kind.EXCESS, 100)));
    assertTrue(isMet(Row.of("threads", Unit.COUNT, 3, 3, "")));
    assertFalse(isMet(Row.of("threads", Unit.COUNT, 4, 3, "")));
  }

  @Test
  void units() {
    assertEquals("231 µs", Unit.NANOSECONDS.format(231_000));
    assertEquals("1.25 ms", Unit.NANOSECONDS.format(1_250_000));
    assertEquals("-12.5 ms", Unit.NANOSECONDS.format(-12_500_000));
    assertEquals("812 B", Unit.BYTES.format(812));
    assertEquals("1 KiB", Unit.BYTES.format(1024));
    assertEquals("2.10 GB/s", Unit.BYTES_PER_SECOND.format(2.1e9));
    assertEquals("1.05", Unit.COUNT.format(1.05));
  }

  private static Row withoutBudget() {
    return Row.of(
        "what",
        Unit.NANOSECONDS,
        measurement(1000),
        "other",
        measurement(2000),
        Budget.Kind.SPEEDUP);
  }

  @Test
  void table() {
    Report report = new Report(
        Map.of("java", "17"),
        List.of(
            row(210_000, 200_000, Budget.Kind.RATIO, 1.05),
            row(50_000_000, 10_000_000, Budget.Kind.EXCESS, 30e6),
            withoutBudget(),
            Row.of("threads", Unit.COUNT, 2, 3, "a, b"),
            Row.of(
                "what",
                Unit.NANOSECONDS,
                measurement(1000),
                "broken",
                Measurement.without(Missing.failed(
                    new IOException("no\n start", new IllegalStateException("why")))),
                new Budget(Budget.Kind.SPEEDUP, 3)),
            Row.of(
                "what",
                Unit.NANOSECONDS,
                measurement(1000),
                "C",
                Measurement.without(Missing.notRun("no C compiler")),
                Budget.Kind.RATIO),
            Row.without("heap", "small heap", Missing.notRun("no memory")),
            Row.without("cold", "", Missing.failed(new IOException("no")))),
        List.of());
    // spotless:off
    assertEquals(
        """
        java: 17

        benchmark  procdesc  peer        peer's  result         budget
        what       210 µs    peer        200 µs  1.05 ×         ≤ 1.05 ×      met
        what       50 ms     peer        10 ms   40 ms more     ≤ 30 ms more  MISSED
        what       1 µs      other       2 µs    2.00 × faster  none
        threads    2                             2              ≤ 3           met (a, b)
        what       1 µs      broken                             ≥ 3 × faster  FAILED: java.io.IOException: no start, \
        caused by java.lang.IllegalStateException: why
        what       1 µs      C                                  none          not run: no C compiler
        heap                 small heap                                       not run: no memory
        cold                                                                  FAILED: java.io.IOException: no

        8 rows, 2 met, 1 missed, 2 not run, 2 failed
        """,
        report.table());
    // spotless:on
  }

  private static Scaling scaling() {
    Missing missing = Missing.notRun("no C compiler");
    return new Scaling(
        "descriptors",
        "open descriptors",
        List.of(new Scaling.Point(
            1000,
            "1,000 open descriptors",
            List.of(
                new Scaling.Peer(Scaling.PROCDESC, measurement(2_000_000)),
                new Scaling.Peer(Scaling.C, Measurement.without(missing)),
                new Scaling.Peer(Scaling.JDK, measurement(4_000_000))))));
  }

  @Test
  void json() {
    Report report = new Report(
        Map.of("java", "17"),
        List.of(
            row(150, 100, Budget.Kind.RATIO, 2).in("spawn"),
            Row.of(
                "what",
                Unit.NANOSECONDS,
                measurement(150),
                "broken",
                Measurement.without(Missing.failed(new UnsatisfiedLinkError("no"))),
                new Budget(Budget.Kind.RATIO, 2)),
            Row.without("heap", "", Missing.notRun("no \"memory\" >\n"))),
        List.of(scaling()));
    assertEquals(JsonParser.parseString("""
            {
              "run": {
                "java": "17"
              },
              "summary": {"rows": 3, "met": 1, "missed": 0, "not run": 1, "failed": 1},
              "rows": [
                {"group": "spawn", "benchmark": "what", "peer": "peer", "unit": "nanoseconds",
                 "procdesc": 150.0, "peers": 100.0, "comparison": "ratio", "result": 1.5,
                 "budget": 2.0, "met": true, "failed": false},
                {"group": "", "benchmark": "what", "peer": "broken", "unit": "nanoseconds",
                 "procdesc": 150.0, "comparison": "ratio", "budget": 2.0,
                 "note": "java.lang.UnsatisfiedLinkError: no", "failed": true},
                {"group": "", "benchmark": "heap", "note": "no \\"memory\\" >\\n", "failed": false}
              ],
              "scaling": [
                {"name": "descriptors", "axis": "open descriptors", "unit": "nanoseconds",
                 "points": [
                   {"x": 1000.0, "procdesc": 2000000, "ProcessBuilder": 4000000,
                    "missing": {"C vfork + execve": "no C compiler"}}
                 ]}
              ]
            }
            """), JsonParser.parseString(report.json()));
  }

  @Test
  void markdownHasTheRowsWithABudget() {
    Report report = new Report(
        Map.of("java", "17"),
        List.of(
            row(210_000, 200_000, Budget.Kind.RATIO, 1.05),
            withoutBudget(),
            Row.without("heap", "small heap", Missing.notRun("no memory")),
            Row.without("cold", "", Missing.failed(new IOException("no")))),
        List.of(scaling()));
    // spotless:off
    assertEquals(
        """
        Measured on this machine:

        - java: 17

        ![Time of spawn + wait, by open descriptors](docs/a.svg)

        | benchmark | procdesc | peer | peer's | result |
        |---|---|---|---|---|
        | what | 210 µs | peer | 200 µs | 1.05 × |
        """,
        report.markdown(Map.of("docs/a.svg", scaling())));
    // spotless:on
  }

  @Test
  void aPointOfAPlotIsTwoRows() {
    List<Row> rows = scaling().rows();
    assertEquals(List.of(Scaling.C, Scaling.JDK), rows.stream().map(Row::peer).toList());
    assertEquals("spawn + wait, 1,000 open descriptors", rows.get(0).what());
    assertFalse(rows.get(0).failed());
    assertEquals(2, rows.get(1).result().orElseThrow().value().orElseThrow());
  }
}
