package dev.procdesc.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Runs the benchmarks and prints one table: each result beside its peer's and its budget.
 *
 * <p>A missed budget is a regular result, and so is a measurement that does not apply to the
 * machine. Only a failure, of a benchmark or of a peer, makes the exit code 1; all other rows are
 * measured nevertheless.
 */
public final class Main {
  private static String usage(Set<String> benchmarks) {
    return String.join(
        "\n",
        "usage: java -jar procdesc-bench.jar [--quick] [--only NAME]... [options]",
        "       java -jar procdesc-bench.jar --soak COUNT [--json FILE]",
        "  --quick          takes fewer samples",
        "  --only NAME      runs this benchmark only; repeatable: " + String.join(", ", benchmarks),
        "  --json FILE      also writes the results to FILE",
        "  --plot DIR       also draws the rows by-* to SVG files in DIR",
        "  --markdown FILE  also writes the rows with a budget, and the plots, to a section of FILE",
        "  --baseline JAR   also measures another build of this program",
        "  --pd FILE        the command line tool pd, which is measured as a whole process",
        "  --soak COUNT     spawns COUNT children, and compares what is held before and after",
        "Exits with 0, with 1 if a benchmark or a peer failed or the soak found growth, with 2 for a",
        "wrong option.");
  }

  private Main() {}

  private static Map<String, Benchmark> benchmarks() {
    Map<String, Benchmark> all = new LinkedHashMap<>();
    all.put("spawn", new SpawnBenchmark());
    all.put("threads", new ThreadsBenchmark());
    all.put("descriptors", new DescriptorsBenchmark());
    all.put("early", new EarlyBenchmark());
    all.put("guard", new GuardBenchmark());
    all.put("exit", new ExitBenchmark());
    all.put("adopt", new AdoptBenchmark());
    all.put("hand-over", new HandOverBenchmark());
    all.put("output", new OutputBenchmark());
    all.put("run", new RunBenchmark());
    all.put("handlers", new HandlersBenchmark());
    all.put("pipeline", new PipelineBenchmark());
    all.put("cold", new ColdBenchmark());
    all.put("pd", new PdBenchmark());
    all.put("heap", new HeapBenchmark());
    all.put("by-descriptors", ScalingBenchmark.byDescriptors());
    all.put("by-children", ScalingBenchmark.byChildren());
    all.put("by-heap", ScalingBenchmark.byHeap());
    all.put("live", new LiveBenchmark());
    all.put("death", new DeathBenchmark());
    return all;
  }

  /**
   * Runs the program.
   *
   * @param args the command line, as the usage message describes it
   * @throws IOException if a file cannot be written, or a plot is wanted without Java's fonts
   * @throws InterruptedException if the thread is interrupted
   */
  public static void main(String[] args) throws IOException, InterruptedException {
    Map<String, Benchmark> benchmarks = benchmarks();
    Options options;
    try {
      options = Options.parse(List.of(args), benchmarks.keySet());
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage());
      System.err.println(usage(benchmarks.keySet()));
      System.exit(2);
      return;
    }
    if (options.path(Options.PathOption.PLOT).isPresent()) {
      Plot.requireFonts(); // The benchmarks take half an hour.
    }
    Map<String, Benchmark> chosen = options.soak().isPresent()
        ? Map.of("soak", new SoakBenchmark(options.soak().getAsInt()))
        : benchmarks;
    Report report = run(chosen, options);
    // The JVM's default encoding in the C locale has no µ, ≤ or ×.
    PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, UTF_8);
    out.print(report.table());
    write(report, options);
    boolean grown = options.soak().isPresent() && !SoakBenchmark.isFlat(report.rows());
    System.exit(grown || report.rows().stream().anyMatch(Row::failed) ? 1 : 0);
  }

  private static void write(Report report, Options options) throws IOException {
    Optional<Path> json = options.path(Options.PathOption.JSON);
    if (json.isPresent()) {
      Files.writeString(json.get(), report.json());
    }
    Map<Path, Scaling> plots = new LinkedHashMap<>();
    Optional<Path> directory = options.path(Options.PathOption.PLOT);
    if (directory.isPresent()) {
      for (Scaling scaling : report.scalings()) {
        Plot.draw(scaling, directory.get()).ifPresent(file -> plots.put(file, scaling));
      }
    }
    Optional<Path> document = options.path(Options.PathOption.MARKDOWN);
    if (document.isPresent()) {
      Map<String, Scaling> addresses = new LinkedHashMap<>();
      plots.forEach(
          (file, scaling) -> addresses.put(Section.address(file, document.get()), scaling));
      Section.write(document.get(), report.markdown(addresses));
    }
  }

  private static Report run(Map<String, Benchmark> benchmarks, Options options)
      throws InterruptedException {
    Map<String, String> facts = Machine.facts();
    String load = Machine.load();
    Context context = Context.create(options);
    List<Row> rows = new ArrayList<>();
    List<Scaling> scalings = new ArrayList<>();
    for (Map.Entry<String, Benchmark> entry : benchmarks.entrySet()) {
      String name = entry.getKey();
      if (options.only().isEmpty() || options.only().contains(name)) {
        System.err.println("running " + name + " …");
        List<Row> more = run(name, entry.getValue(), context, scalings);
        more.stream()
            .flatMap(row -> row.missing().flatMap(Missing::thrown).stream())
            .distinct()
            .forEach(Throwable::printStackTrace);
        more.forEach(row -> rows.add(row.in(name)));
      }
    }
    facts.put("load average", load + " before, " + Machine.load() + " after");
    facts.put("samples", options.quick() ? "few (--quick)" : "many");
    return new Report(facts, rows, scalings);
  }

  private static List<Row> run(
      String name, Benchmark benchmark, Context context, List<Scaling> scalings)
      throws InterruptedException {
    try {
      if (benchmark instanceof ScalingBenchmark scaling) {
        Scaling result = scaling.measure(context);
        scalings.add(result);
        return result.rows();
      }
      return benchmark.run(context);
    } catch (InterruptedException e) {
      throw e;
    } catch (Exception | LinkageError e) {
      return List.of(Row.without(name, "", Missing.failed(e)));
    }
  }
}
