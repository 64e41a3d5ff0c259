package dev.procdesc.bench;

import java.util.List;

/** Some rows of the report that are measured together. */
@FunctionalInterface
interface Benchmark {
  /** Measures. */
  List<Row> run(Context context) throws Exception;
}
