package dev.procdesc.compat.report;

import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** Writes JSON: maps, lists, strings, numbers, booleans. */
final class Json {
  private final StringBuilder text = new StringBuilder();

  private Json() {}

  static String text(Object value) {
    Json json = new Json();
    json.value(value, "\n");
    return json.text.append('\n').toString();
  }

  private void value(Object value, String newLine) {
    if (value instanceof Map<?, ?> map) {
      text.append('{');
      String separator = "";
      for (Map.Entry<?, ?> entry : map.entrySet()) {
        text.append(separator).append(newLine).append("  ");
        string(String.valueOf(entry.getKey()));
        text.append(": ");
        value(entry.getValue(), newLine + "  ");
        separator = ",";
      }
      text.append(map.isEmpty() ? "" : newLine).append('}');
    } else if (value instanceof List<?> list) {
      text.append('[');
      for (Iterator<?> elements = list.iterator(); elements.hasNext(); ) {
        text.append(newLine).append("  ");
        value(elements.next(), newLine + "  ");
        text.append(elements.hasNext() ? "," : newLine);
      }
      text.append(']');
    } else if (value instanceof Number || value instanceof Boolean) {
      text.append(value);
    } else {
      string(String.valueOf(value));
    }
  }

  private void string(String string) {
    text.append('"');
    string.chars().forEach(c -> {
      if (c == '"' || c == '\\') {
        text.append('\\').append((char) c);
      } else if (c < ' ') {
        text.append(String.format("\\u%04x", c));
      } else {
        text.append((char) c);
      }
    });
    text.append('"');
  }
}
