package dev.procdesc.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
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
    text.append(align(lines)).append('\n');
    String counts = counts().entrySet().stream()
        .map(count -> count.getValue() + " " + count.getKey())
        .collect(Collectors.joining(", "));
    return text.append(counts).append('\n').toString();
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
    String all = rows.stream().map(Report::json).collect(Collectors.joining(",\n    "));
    String about = facts.entrySet().stream()
        .map(fact -> quote(fact.getKey()) + ": " + quote(fact.getValue()))
        .collect(Collectors.joining(",\n    "));
    String summary = counts().entrySet().stream()
        .map(count -> quote(count.getKey()) + ": " + count.getValue())
        .collect(Collectors.joining(", "));
    return "{\n  \"run\": {\n    "
        + about
        + "\n  },\n  \"summary\": {"
        + summary
        + "},\n  \"rows\": [\n    "
        + all
        + "\n  ]\n}\n";
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
      result.theirs().ifPresent(theirs -> fields.add("\"peers\": " + theirs));
      fields.add("\"comparison\": " + quote(lower(result.kind())));
      result.value().ifPresent(value -> fields.add("\"result\": " + value));
      result.spread().ifPresent(spread -> fields.add("\"spread\": " + spread));
      result.limit().ifPresent(limit -> fields.add("\"budget\": " + limit));
      result.isMet().ifPresent(met -> fields.add("\"met\": " + met));
    }
    String note = row.missing().map(Missing::reason).orElse(row.note());
    if (!note.isEmpty()) {
      fields.add("\"note\": " + quote(note));
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
