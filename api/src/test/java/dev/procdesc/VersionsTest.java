package dev.procdesc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.spi.Since;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Compares every version in the sources and the documents with {@link Since}. */
final class VersionsTest {
  private static final Path ROOT = Path.of("..");

  private static final String VERSION = "(Linux|FreeBSD|glibc) (\\d+(?:\\.\\d+)?)(?![\\w.]*\\d)";

  /** A version of a named system. */
  private static final Pattern STATED = Pattern.compile(VERSION);

  /** A version in parentheses after a call, such as {@code pidfd_open (5.3)}. */
  private static final Pattern AFTER_CALL = Pattern.compile(
      "([\\w.]+)\\)* \\(((?:Linux|FreeBSD|glibc) |)(\\d+(?:\\.\\d+)?)(?![\\w.]*\\d)");

  /** A call in parentheses after a version, such as {@code Linux 5.3 (pidfd_open)}. */
  private static final Pattern BEFORE_CALL = Pattern.compile(VERSION + " \\(([\\w.]+)");

  /** A version as the whole comment of a constant, such as {@code SYS_PIDFD_OPEN}. */
  private static final Pattern NUMBER =
      Pattern.compile("/\\*\\* " + VERSION + "[^/]*\\*/\\s+(?:public )?static final \\w+ (\\w+)");

  private static final Pattern LITERAL = Pattern.compile("\"(?:[^\"\\\\\\n]|\\\\.)*\"");

  /** The words for the effect of a call, where a text does not name the call. */
  private static final Map<Since, List<String>> EFFECTS = Map.of(
      Since.P_PIDFD, List.of("supported system"),
      Since.CGROUP_KILL, List.of("control group"),
      Since.SO_PASSPIDFD, List.of("SCM_PIDFD", "unshare", "opens a pidfd of itself"),
      Since.PIDFD_SIGNAL_PROCESS_GROUP, List.of("with Linux 6.9, FreeBSD"),
      Since.PIDFD_INFO_EXIT, List.of("status", "reaped"),
      Since.CLONE_AUTOREAP, List.of("reaps"),
      Since.CLONE_PIDFD_AUTOKILL, List.of("the JVM dies", "kills at the last close"),
      Since.PIDFD_SPAWN, List.of("launcher program"),
      Since.MSG_EOR, List.of("message can arrive in parts", "full queues"),
      Since.PD_NOWAITPID, List.of("open needs FreeBSD 16"));

  /** Versions that are not about a call: of measurements, of kernel bugs and of programs. */
  private static final Set<String> NO_CALL =
      Set.of("Linux 5.10", "Linux 5.16", "Linux 6.12", "Linux 6.19", "FreeBSD 12", "FreeBSD 14");

  /** The start of the table in PORTING whose columns are versions. */
  private static final String COLUMNS = "| | FreeBSD 14 | ";

  @Test
  void theTableOfPortingIsUpToDate() throws IOException {
    StringBuilder table = new StringBuilder("| feature | Linux | FreeBSD |\n|---|---|---|\n");
    for (Feature feature : Feature.values()) {
      table.append("| `").append(feature).append("` |");
      for (String system : List.of("Linux", "FreeBSD")) {
        String cell = feature.since().stream()
            .filter(since -> since.system().equals(system))
            .map(since -> "`" + since.call() + "` (" + since.version() + ")")
            .collect(Collectors.joining());
        table.append(' ').append(cell.isEmpty() ? "–" : cell).append(" |");
      }
      table.append('\n');
    }
    String porting = Files.readString(ROOT.resolve("docs/PORTING.md"));
    assertTrue(porting.contains(table), "docs/PORTING.md must contain:\n" + table);
  }

  @Test
  void aFeatureHasAtMostOneCallOfASystem() {
    for (Feature feature : Feature.values()) {
      assertEquals(
          feature.since().size(),
          feature.since().stream().map(Since::system).distinct().count(),
          feature.toString());
    }
  }

  @Test
  void theJavadocOfAFeatureStatesItsVersions() throws IOException {
    String source = Files.readString(ROOT.resolve("api/src/main/java/dev/procdesc/Feature.java"));
    Pattern constant = Pattern.compile("(?s)/\\*\\*((?:(?!\\*/).)*)\\*/\\s+([A-Z_]+)\\(");
    int[] constants = {0};
    constant.matcher(source).results().forEach(found -> {
      constants[0]++;
      List<String> since =
          Feature.valueOf(found.group(2)).since().stream().map(Since::toString).toList();
      STATED
          .matcher(plain(found.group(1)))
          .results()
          .forEach(version -> assertTrue(
              since.contains(version.group()), found.group(2) + " says " + version.group()));
    });
    assertEquals(Feature.values().length, constants[0]);
  }

  @Test
  void everyStatedVersionIsThatOfItsCall() throws IOException {
    Set<String> wrong = new TreeSet<>();
    int checked = 0;
    for (Path file : files()) {
      for (String paragraph : paragraphs(file)) {
        for (MatchResult found : AFTER_CALL.matcher(paragraph).results().toList()) {
          checked += check(file, found.group(1), found.group(2).strip(), found.group(3), wrong);
        }
        for (MatchResult found : BEFORE_CALL.matcher(paragraph).results().toList()) {
          checked += check(file, found.group(3), found.group(1), found.group(2), wrong);
        }
        for (MatchResult found : STATED.matcher(paragraph).results().toList()) {
          if (!isExplained(paragraph, found.group())) {
            wrong.add(file + ": " + found.group() + " is of no call in: " + paragraph);
          }
        }
      }
    }
    assertEquals("", String.join("\n", wrong));
    assertTrue(checked > 50, "only " + checked + " versions were found");
  }

  @Test
  void theNumbersOfTheSystemsStateTheirVersions() throws IOException {
    Set<String> wrong = new TreeSet<>();
    int checked = 0;
    for (String system : List.of("linux", "freebsd")) {
      Path file =
          ROOT.resolve(system + "/src/main/java/dev/procdesc/" + system + "/kernel/Numbers.java");
      for (MatchResult found : NUMBER.matcher(Files.readString(file)).results().toList()) {
        String call = found.group(3).replaceFirst("^SYS_", "");
        checked += check(file, call, found.group(1), found.group(2), wrong);
      }
    }
    assertEquals("", String.join("\n", wrong));
    assertTrue(checked > 10, "only " + checked + " numbers were found");
  }

  @Test
  void theMessagesOfTheBackendsTakeTheirVersionsFromTheTable() throws IOException {
    Set<String> stated = new TreeSet<>();
    int literals = 0;
    for (String module : List.of("posix", "linux", "freebsd")) {
      for (Path file : sources(ROOT.resolve(module + "/src/main"))) {
        for (MatchResult literal :
            LITERAL.matcher(Files.readString(file)).results().toList()) {
          literals++;
          if (STATED.matcher(literal.group()).find()) {
            stated.add(file + ": " + literal.group());
          }
        }
      }
    }
    assertEquals("", String.join("\n", stated), "instead of a constant of Since");
    assertTrue(literals > 500, "only " + literals + " literals were found");
  }

  /** Compares a version with that of a call; returns 1 if the call is in the table. */
  private static int check(
      Path file, String call, String system, String version, Set<String> wrong) {
    List<Since> known = Arrays.stream(Since.values())
        .filter(since -> since.call().equalsIgnoreCase(call))
        .filter(since -> system.isEmpty() || since.system().equals(system))
        .toList();
    if (known.isEmpty()) {
      return 0;
    }
    if (known.stream().noneMatch(since -> since.version().equals(version))) {
      wrong.add(file + ": " + call + " is since " + known + ", not " + version);
    }
    return 1;
  }

  /** Returns whether a paragraph names a call that the system has since that version. */
  private static boolean isExplained(String paragraph, String version) {
    return NO_CALL.contains(version)
        || paragraph.startsWith(COLUMNS)
        || Arrays.stream(Since.values())
            .filter(since -> since.toString().equals(version))
            .flatMap(since -> Stream.concat(
                Stream.of(since.call()), EFFECTS.getOrDefault(since, List.of()).stream()))
            .anyMatch(paragraph::contains);
  }

  private static List<Path> files() throws IOException {
    List<Path> files = new ArrayList<>(List.of(ROOT.resolve("README.md")));
    for (String directory : List.of("docs", "api/src/main", "cli/src/main")) {
      files.addAll(sources(ROOT.resolve(directory)));
    }
    return files;
  }

  private static List<Path> sources(Path directory) throws IOException {
    try (Stream<Path> found = Files.walk(directory)) {
      return found
          .filter(file -> file.toString().matches(".*\\.(md|java)"))
          .filter(file -> !file.endsWith("Since.java"))
          .toList();
    }
  }

  /** Returns the paragraphs, items and table rows of a file as plain text. */
  private static List<String> paragraphs(Path file) throws IOException {
    String text = Files.readString(file);
    String start =
        file.toString().endsWith(".java") ? "/\\*\\*|\\*/|\\* <p>|\\* <li>|\\* @" : "[|]|- ";
    return Arrays.stream(text.split("\\n(?:\\s*[*]?\\s*\\n|(?=\\s*(?:" + start + ")))"))
        .map(VersionsTest::plain)
        .filter(paragraph -> !paragraph.isEmpty())
        .toList();
  }

  private static String plain(String text) {
    return text.replaceAll("(?m)^\\s*/?\\*+/?", " ")
        .replaceAll("\\{@(?:code|link) ([^{}]*)\\}", "$1")
        .replace("`", "")
        .replaceAll("\\s+", " ")
        .strip();
  }
}
