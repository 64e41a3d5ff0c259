package dev.procdesc.bench;

import java.util.List;

/** A group of rows of the report that are measured together. */
@FunctionalInterface
interface Benchmark {
  /** Measures the rows. */
  List<Row> run(Context context) throws Exception;
}
