package dev.procdesc.compat.report;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import dev.procdesc.ProbeResult;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/** The report of a run, for people (a table) and for programs (JSON and JUnit's XML). */
public final class Report {
  private static final Gson GSON =
      new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create();

  private static final int GUARANTEES = 12;

  private final List<Result> results;
  private final Environment environment;

  /** Creates a report of results on this machine. */
  public Report(List<Result> results) {
    this.results = List.copyOf(results);
    this.environment = Environment.current();
  }

  /** Returns the number of tests with an outcome. */
  public long count(Outcome outcome) {
    return results.stream().filter(result -> result.outcome() == outcome).count();
  }

  /** Prints the failures, the table, the skips and the platform. */
  public void print(PrintStream out) {
    for (Result result : results) {
      if (result.outcome() == Outcome.FAILED) {
        out.println();
        out.println("FAILED " + result.subject() + " " + result.title());
        out.println(result.trace().isEmpty() ? result.reason() : result.trace().stripTrailing());
      }
    }
    out.println();
    printTable(out);
    out.println();
    printSkips(out, Outcome.LACKS_FEATURE, "Skipped: the system lacks a feature");
    printSkips(out, Outcome.LACKS_CONDITION, "Skipped: the environment of the suite");
    out.println(environment.platform() + ", Java " + environment.facts().get("java.version"));
    for (ProbeResult feature : environment.features()) {
      out.printf(
          "  %-7s %-24s %s%n",
          feature.present() ? "has" : "lacks",
          feature.name(),
          feature.present() ? feature.how() : feature.lacks() + " (" + feature.how() + ")");
    }
    List<String> mechanisms = new ArrayList<>();
    for (ProbeResult mechanism : environment.mechanisms()) {
      mechanisms.add((mechanism.present() ? "" : "no ") + mechanism.name());
    }
    out.println("  mechanisms: "
        + String.join(", ", mechanisms)
        + "; on the JVM's death: "
        + environment.deathGuard());
  }

  /** Prints one line for each guarantee, with the counts of each subject. */
  private void printTable(PrintStream out) {
    TreeSet<String> subjects = new TreeSet<>(new SubjectOrder(Results.backend()));
    results.forEach(result -> subjects.add(result.subject()));
    out.printf("%-10s", "");
    subjects.forEach(subject -> out.printf("  %-31s", subject));
    out.println();
    out.printf("%-10s", "guarantee");
    subjects.forEach(subject -> out.printf("  %-31s", "passed / failed / skipped (lacks)"));
    out.println();
    for (int i = 1; i <= GUARANTEES; i++) {
      String contract = "C" + i;
      out.printf("%-10s", contract);
      for (String subject : subjects) {
        out.printf("  %-31s", new Cell(contract, subject));
      }
      out.println();
    }
  }

  /** The counts of one guarantee on one subject. */
  private final class Cell {
    private final Map<Outcome, Integer> counts = new TreeMap<>();
    private final TreeSet<String> features = new TreeSet<>();

    Cell(String contract, String subject) {
      for (Result result : results) {
        if (result.subject().equals(subject) && result.contracts().contains(contract)) {
          counts.merge(result.outcome(), 1, Integer::sum);
          if (!result.feature().isEmpty()) {
            features.add(result.feature());
          }
        }
      }
    }

    @Override
    public String toString() {
      if (counts.isEmpty()) {
        return "-";
      }
      int skipped = counts.getOrDefault(Outcome.LACKS_FEATURE, 0)
          + counts.getOrDefault(Outcome.LACKS_CONDITION, 0);
      return String.format(
          "%d / %d / %d%s",
          counts.getOrDefault(Outcome.PASSED, 0),
          counts.getOrDefault(Outcome.FAILED, 0),
          skipped,
          features.isEmpty() ? "" : " " + features);
    }
  }

  private void printSkips(PrintStream out, Outcome outcome, String title) {
    if (count(outcome) == 0) {
      return;
    }
    out.println(title + ":");
    for (Result result : results) {
      if (result.outcome() == outcome) {
        String cause = result.feature().isEmpty()
            ? "needs " + result.reason()
            : result.feature() + ", needs " + result.reason();
        out.println("  " + result.subject() + " " + result.title() + ": " + cause);
      }
    }
    out.println();
  }

  /** Writes {@code report.json} and {@code TEST-procdesc-compat.xml} into a directory. */
  public void write(Path directory) throws IOException {
    Files.createDirectories(directory);
    Files.writeString(directory.resolve("report.json"), json(), StandardCharsets.UTF_8);
    Files.writeString(directory.resolve("TEST-procdesc-compat.xml"), xml(), StandardCharsets.UTF_8);
  }

  private String json() {
    List<Object> tests = new ArrayList<>();
    for (Result result : results) {
      tests.add(object(
          "subject", result.subject(),
          "class", result.className(),
          "name", result.name(),
          "contracts", result.contracts(),
          "origins", result.origins(),
          "outcome", result.outcome().name(),
          "feature", result.feature(),
          "reason", result.reason(),
          "seconds", result.duration().toMillis() / 1000.0));
    }
    return GSON.toJson(object(
        "platform", environment.platform(),
        "backend", Results.backend(),
        "environment", environment.facts(),
        "deathGuard", environment.deathGuard().name(),
        "features", environment.features(),
        "mechanisms", environment.mechanisms(),
        "passed", count(Outcome.PASSED),
        "failed", count(Outcome.FAILED),
        "lacksFeature", count(Outcome.LACKS_FEATURE),
        "lacksCondition", count(Outcome.LACKS_CONDITION),
        "tests", tests));
  }

  private static Map<String, Object> object(Object... namesAndValues) {
    Map<String, Object> object = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      object.put((String) namesAndValues[i], namesAndValues[i + 1]);
    }
    return object;
  }

  private String xml() {
    double seconds = results.stream().mapToLong(r -> r.duration().toMillis()).sum() / 1000.0;
    StringBuilder xml = new StringBuilder("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    xml.append("<testsuite name=\"procdesc-compat-tests\" tests=\"")
        .append(results.size())
        .append("\" failures=\"")
        .append(count(Outcome.FAILED))
        .append("\" errors=\"0\" skipped=\"")
        .append(count(Outcome.LACKS_FEATURE) + count(Outcome.LACKS_CONDITION))
        .append("\" time=\"")
        .append(seconds)
        .append("\">\n  <properties>\n");
    environment
        .facts()
        .forEach((name, value) -> xml.append("    <property name=\"")
            .append(escape(name))
            .append("\" value=\"")
            .append(escape(value))
            .append("\"/>\n"));
    xml.append("  </properties>\n");
    for (Result result : results) {
      xml.append("  <testcase classname=\"")
          .append(escape(result.className()))
          .append("\" name=\"")
          .append(escape(result.name()))
          .append("\" time=\"")
          .append(result.duration().toMillis() / 1000.0)
          .append('"');
      switch (result.outcome()) {
        case PASSED -> xml.append("/>\n");
        case FAILED ->
          xml.append(">\n    <failure message=\"")
              .append(escape(result.reason()))
              .append("\">")
              .append(escape(result.trace()))
              .append("</failure>\n  </testcase>\n");
        default ->
          xml.append(">\n    <skipped message=\"")
              .append(escape((result.feature() + " needs " + result.reason()).strip()))
              .append("\"/>\n  </testcase>\n");
      }
    }
    return xml.append("</testsuite>\n").toString();
  }

  private static String escape(String text) {
    StringBuilder escaped = new StringBuilder();
    text.chars().forEach(c -> {
      switch (c) {
        case '&' -> escaped.append("&amp;");
        case '<' -> escaped.append("&lt;");
        case '>' -> escaped.append("&gt;");
        case '"' -> escaped.append("&quot;");
        case '\n' -> escaped.append("&#10;");
        // XML does not permit other control characters, not even escaped.
        default -> escaped.append(c < ' ' && c != '\t' ? '?' : (char) c);
      }
    });
    return escaped.toString();
  }
}
