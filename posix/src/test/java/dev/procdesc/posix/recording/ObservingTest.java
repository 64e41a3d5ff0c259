package dev.procdesc.posix.recording;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Tests that docs/OBSERVING.md lists every message and every event, with its fields. */
final class ObservingTest {
  private static final Path ROOT = Path.of("..");

  private static final String LITERAL = "\"(?:[^\"\\\\]|\\\\.)*\"";
  private static final String TERM = "(?:" + LITERAL + "|[\\w.()]+)";
  private static final Pattern MESSAGE = Pattern.compile(
      "System\\.Logger\\.Level\\.(\\w+),\\s*(" + TERM + "(?:\\s*\\+\\s*" + TERM + ")*)");
  private static final Pattern ROW =
      Pattern.compile("(?m)^\\| (ERROR|WARNING|INFO|DEBUG) \\| (.*?) \\|");

  private static List<Path> sources(String... modules) throws IOException {
    List<Path> sources = new java.util.ArrayList<>();
    for (String module : modules) {
      try (Stream<Path> files = Files.walk(ROOT.resolve(module).resolve("src/main/java"))) {
        files.filter(file -> file.toString().endsWith(".java")).forEach(sources::add);
      }
    }
    return sources;
  }

  private static String document() throws IOException {
    return Files.readString(ROOT.resolve("docs/OBSERVING.md"));
  }

  /** Returns the text of an expression of literals and values. */
  private static String text(String expression) {
    StringBuilder text = new StringBuilder();
    Matcher term = Pattern.compile(TERM).matcher(expression);
    while (term.find()) {
      String part = term.group();
      text.append(part.startsWith("\"") ? part.substring(1, part.length() - 1) : "…");
    }
    return text.toString().replace("''", "'");
  }

  @Test
  void everyMessageIsDocumented() throws IOException {
    Set<String> logged = new TreeSet<>();
    for (Path source : sources("api", "posix", "linux", "freebsd")) {
      for (MatchResult message :
          MESSAGE.matcher(Files.readString(source)).results().toList()) {
        logged.add(message.group(1) + " " + text(message.group(2)));
      }
    }
    assertTrue(logged.size() > 20, "the search works");
    Set<String> documented = new TreeSet<>();
    ROW.matcher(document())
        .results()
        .forEach(row -> documented.add(row.group(1) + " " + row.group(2)));
    assertEquals(logged, documented);
  }

  @Test
  void everyEventIsDocumented() throws IOException {
    String document = document();
    int events = 0;
    for (Path source : sources("posix")) {
      Matcher name = Pattern.compile("@Name\\(\"(.*?)\"\\)").matcher(Files.readString(source));
      if (!name.find()) {
        continue;
      }
      events++;
      Matcher row = Pattern.compile("(?m)^\\| `" + Pattern.quote(name.group(1)) + "` \\|.*$")
          .matcher(document);
      assertTrue(row.find(), name::group);
      String declarations =
          Files.readString(source) + Files.readString(source.resolveSibling("TransferEvent.java"));
      boolean transfers = declarations.contains("extends TransferEvent");
      String own = transfers ? declarations : Files.readString(source);
      Matcher field = Pattern.compile("(?m)^  (?:long|int|boolean|String) (\\w+)(?: = \"\")?;")
          .matcher(own);
      while (field.find()) {
        assertTrue(
            row.group().contains("`" + field.group(1) + "`"),
            () -> name.group(1) + "." + field.group(1));
      }
    }
    assertEquals(7, events);
  }
}
