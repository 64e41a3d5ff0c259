package dev.procdesc.bench;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * All results, as a table or a part of a document for people, and as JSON for programs.
 *
 * @param facts facts about the run: the machine, the Java version, the load
 * @param rows the rows in the order of the table
 * @param scalings the results that are plotted, whose numbers are rows too
 */
record Report(Map<String, String> facts, List<Row> rows, List<Scaling> scalings) {
  private static final String GAP = "  ";

  /** The number of the first columns that compare the results, without their budget. */
  private static final int COMPARISON = 5;

  /** Returns the table, below the facts. */
  String table() {
    StringBuilder text = new StringBuilder();
    facts.forEach((name, value) -> text.append(name).append(": ").append(value).append('\n'));
    text.append('\n');
    List<List<String>> lines = new ArrayList<>();
    lines.add(List.of("benchmark", "procdesc", "peer", "peer's", "result", "budget", ""));
    rows.forEach(row -> lines.add(cells(row)));
    text.append(align(lines)).append('\n');
    String counts = counts().entrySet().stream()
        .map(count -> count.getValue() + " " + count.getKey())
        .collect(Collectors.joining(", "));
    return text.append(counts).append('\n').toString();
  }

  /**
   * Returns the results that have a budget as a part of a Markdown document, without the budgets.
   *
   * @param plots the plots, by their address in the document
   */
  String markdown(Map<String, Scaling> plots) {
    StringBuilder text = new StringBuilder("Measured on this machine:\n\n");
    facts.forEach((name, value) ->
        text.append("- ").append(name).append(": ").append(value).append('\n'));
    text.append('\n');
    plots.forEach((address, scaling) ->
        text.append("![").append(scaling.title()).append("](").append(address).append(")\n"));
    text.append(plots.isEmpty() ? "" : "\n");
    text.append("| benchmark | procdesc | peer | peer's | result |\n");
    text.append("|---|---|---|---|---|\n");
    rows.stream()
        .filter(row -> isMet(row).isPresent())
        .filter(row -> !row.peer().equals(Row.BASELINE))
        .map(row -> markdown(cells(row).subList(0, COMPARISON)))
        .forEach(text::append);
    return text.toString();
  }

  private static String markdown(List<String> cells) {
    return cells.stream()
        .map(cell -> cell.isEmpty() ? " |" : " " + cell.replace("|", "\\|") + " |")
        .collect(Collectors.joining("", "|", "\n"));
  }

  /** Returns the number of rows of each kind. */
  private Map<String, Long> counts() {
    Map<String, Long> counts = new LinkedHashMap<>();
    counts.put("rows", (long) rows.size());
    counts.put("met", count(row -> isMet(row).equals(Optional.of(true))));
    counts.put("missed", count(row -> isMet(row).equals(Optional.of(false))));
    counts.put("not run", count(row -> row.missing().isPresent() && !row.failed()));
    counts.put("failed", count(Row::failed));
    return counts;
  }

  private long count(Predicate<Row> kind) {
    return rows.stream().filter(kind).count();
  }

  private static Optional<Boolean> isMet(Row row) {
    return row.result().flatMap(Row.Result::isMet);
  }

  private static List<String> cells(Row row) {
    String why = row.missing().map(Missing::describe).orElse("");
    if (row.result().isEmpty()) {
      return List.of(row.what(), "", row.peer(), "", "", "", why);
    }
    Row.Result result = row.result().get();
    String verdict = why + isMet(row).map(met -> met ? "met" : "MISSED").orElse("");
    StringBuilder value = new StringBuilder();
    result.value().ifPresent(number -> value.append(result.kind().describe(number, result.unit())));
    result
        .spread()
        .ifPresent(spread -> value.append(String.format(Locale.ROOT, " ± %.2f", spread)));
    return List.of(
        row.what(),
        result.unit().format(result.ours()),
        row.peer(),
        result.theirs().isPresent() ? result.unit().format(result.theirs().getAsDouble()) : "",
        value.toString(),
        result.budget().map(budget -> budget.describe(result.unit())).orElse("none"),
        row.note().isEmpty() ? verdict : (verdict + " (" + row.note() + ")").strip());
  }

  /** Aligns columns to their widest cell, without blanks at the ends of lines. */
  static String align(List<List<String>> lines) {
    List<Integer> widths = new ArrayList<>();
    for (List<String> line : lines) {
      // The last column is open-ended.
      for (int i = 0; i < line.size() - 1; i++) {
        if (i == widths.size()) {
          widths.add(0);
        }
        widths.set(i, Math.max(widths.get(i), line.get(i).length()));
      }
    }
    StringBuilder text = new StringBuilder();
    for (List<String> line : lines) {
      StringBuilder padded = new StringBuilder();
      for (int i = 0; i < line.size(); i++) {
        padded.append(line.get(i));
        if (i < widths.size()) {
          padded.append(" ".repeat(widths.get(i) - line.get(i).length())).append(GAP);
        }
      }
      text.append(padded.toString().stripTrailing()).append('\n');
    }
    return text.toString();
  }

  /** Returns the results as JSON, with unrounded numbers. */
  String json() {
    JsonObject all = new JsonObject();
    JsonObject run = new JsonObject();
    facts.forEach(run::addProperty);
    all.add("run", run);
    JsonObject summary = new JsonObject();
    counts().forEach(summary::addProperty);
    all.add("summary", summary);
    JsonArray results = new JsonArray();
    rows.forEach(row -> results.add(json(row)));
    all.add("rows", results);
    JsonArray curves = new JsonArray();
    scalings.forEach(scaling -> curves.add(json(scaling)));
    all.add("scaling", curves);
    return new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create().toJson(all) + "\n";
  }

  private static JsonObject json(Row row) {
    JsonObject fields = new JsonObject();
    fields.addProperty("group", row.group());
    fields.addProperty("benchmark", row.what());
    if (!row.peer().isEmpty()) {
      fields.addProperty("peer", row.peer());
    }
    if (row.result().isPresent()) {
      Row.Result result = row.result().get();
      fields.addProperty("unit", lower(result.unit()));
      fields.addProperty("procdesc", result.ours());
      result.theirs().ifPresent(theirs -> fields.addProperty("peers", theirs));
      fields.addProperty("comparison", lower(result.kind()));
      result.value().ifPresent(value -> fields.addProperty("result", value));
      result.spread().ifPresent(spread -> fields.addProperty("spread", spread));
      result.limit().ifPresent(limit -> fields.addProperty("budget", limit));
      result.isMet().ifPresent(met -> fields.addProperty("met", met));
    }
    String note = row.missing().map(Missing::reason).orElse(row.note());
    if (!note.isEmpty()) {
      fields.addProperty("note", note);
    }
    fields.addProperty("failed", row.failed());
    return fields;
  }

  private static JsonObject json(Scaling scaling) {
    JsonObject fields = new JsonObject();
    fields.addProperty("name", scaling.name());
    fields.addProperty("axis", scaling.axis());
    fields.addProperty("unit", lower(Unit.NANOSECONDS));
    JsonArray points = new JsonArray();
    for (Scaling.Point point : scaling.points()) {
      JsonObject numbers = new JsonObject();
      numbers.addProperty("x", point.x());
      JsonObject missing = new JsonObject();
      for (Scaling.Peer peer : point.peers()) {
        Measurement measurement = peer.measurement();
        measurement
            .missing()
            .ifPresentOrElse(
                reason -> missing.addProperty(peer.name(), reason.reason()),
                () -> numbers.addProperty(peer.name(), measurement.median()));
      }
      if (missing.size() > 0) {
        numbers.add("missing", missing);
      }
      points.add(numbers);
    }
    fields.add("points", points);
    return fields;
  }

  private static String lower(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }
}
