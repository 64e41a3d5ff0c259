package dev.procdesc.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * All rows, as a table for people and as JSON for programs.
 *
 * @param facts facts about the run: the machine, the Java version, the load
 * @param rows the rows in the order of the table
 */
record Report(Map<String, String> facts, List<Row> rows) {
  private static final String GAP = "  ";

  /** Returns the table, below the facts. */
  String table() {
    StringBuilder text = new StringBuilder();
    facts.forEach((name, value) -> text.append(name).append(": ").append(value).append('\n'));
    text.append('\n');
    List<List<String>> lines = new ArrayList<>();
    lines.add(List.of("benchmark", "procdesc", "peer", "peer's", "result", "budget", ""));
    rows.forEach(row -> lines.add(cells(row)));
    return text.append(align(lines)).toString();
  }

  private static List<String> cells(Row row) {
    if (row.result().isEmpty()) {
      String why = (row.failed() ? "FAILED: " : "not run: ") + row.note();
      return List.of(row.what(), "", row.peer(), "", "", "", why);
    }
    Row.Result result = row.result().get();
    String verdict = result.isMet().map(met -> met ? "met" : "MISSED").orElse("");
    StringBuilder value = new StringBuilder(result.kind().describe(result.value(), result.unit()));
    result
        .spread()
        .ifPresent(spread -> value.append(String.format(Locale.ROOT, " ± %.2f", spread)));
    return List.of(
        row.what(),
        result.unit().format(result.ours()),
        row.peer(),
        result.kind().compares() ? result.unit().format(result.theirs()) : "",
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
    String all = rows.stream().map(Report::json).collect(Collectors.joining(",\n    "));
    String about = facts.entrySet().stream()
        .map(fact -> quote(fact.getKey()) + ": " + quote(fact.getValue()))
        .collect(Collectors.joining(",\n    "));
    return "{\n  \"run\": {\n    " + about + "\n  },\n  \"rows\": [\n    " + all + "\n  ]\n}\n";
  }

  private static String json(Row row) {
    List<String> fields = new ArrayList<>();
    fields.add("\"benchmark\": " + quote(row.what()));
    if (!row.peer().isEmpty()) {
      fields.add("\"peer\": " + quote(row.peer()));
    }
    Optional<Row.Result> numbers = row.result();
    if (numbers.isPresent()) {
      Row.Result result = numbers.get();
      fields.add("\"unit\": " + quote(lower(result.unit())));
      fields.add("\"procdesc\": " + result.ours());
      if (result.kind().compares()) {
        fields.add("\"peers\": " + result.theirs());
      }
      fields.add("\"comparison\": " + quote(lower(result.kind())));
      fields.add("\"result\": " + result.value());
      result.spread().ifPresent(spread -> fields.add("\"spread\": " + spread));
      result.limit().ifPresent(limit -> fields.add("\"budget\": " + limit));
      result.isMet().ifPresent(met -> fields.add("\"met\": " + met));
    }
    if (!row.note().isEmpty()) {
      fields.add("\"note\": " + quote(row.note()));
    }
    fields.add("\"failed\": " + row.failed());
    return "{" + String.join(", ", fields) + "}";
  }

  private static String lower(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  /** Returns the text as a JSON string. */
  static String quote(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        quoted.append('\\').append(c);
      } else if (c < ' ') {
        quoted.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
      } else {
        quoted.append(c);
      }
    }
    return quoted.append('"').toString();
  }
}
