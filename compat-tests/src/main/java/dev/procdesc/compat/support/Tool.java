package dev.procdesc.compat.support;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus;
import dev.procdesc.Spawner;
import dev.procdesc.compat.Requires;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** Programs of other projects that use the same kernel interfaces. Each is searched for in PATH. */
public final class Tool {
  private static final Pattern UTIL_LINUX =
      Pattern.compile("from util-linux (\\d+)\\.(\\d+)[^(]*(?:\\(with: (.*)\\))?");

  private static final Pattern SYSTEMD = Pattern.compile("systemd (\\d+) ");

  /** The version of util-linux that has identities, as hundreds and units. */
  private static final int IDENTITIES = 2_42;

  private final String path;

  private Tool(String path) {
    this.path = path;
  }

  /** Requires a program of util-linux that takes identities. */
  public static Tool ofUtilLinux(String name) throws IOException, InterruptedException {
    return require(
        name, UTIL_LINUX, found -> version(found) >= IDENTITIES, name + " of util-linux 2.42");
  }

  private static int version(MatchResult found) {
    return 100 * Integer.parseInt(found.group(1)) + Integer.parseInt(found.group(2));
  }

  /** Requires a program of a version of systemd, or of a later one. */
  public static Tool ofSystemd(String name, int version) throws IOException, InterruptedException {
    return require(
        name,
        SYSTEMD,
        found -> Integer.parseInt(found.group(1)) >= version,
        name + " of systemd " + version);
  }

  private interface Condition {
    boolean holds(MatchResult version);
  }

  private static Tool require(String name, Pattern version, Condition fits, String needs)
      throws IOException, InterruptedException {
    String directories = System.getenv().getOrDefault("PATH", "/usr/bin:/bin");
    for (String directory : directories.split(":", -1)) {
      Path path = Path.of(directory, name);
      // Debian's kill is that of procps, whose version has another form.
      if (path.isAbsolute()
          && Files.isExecutable(path)
          && version.matcher(firstLine(path)).results().anyMatch(fits::holds)) {
        return new Tool(path.toString());
      }
    }
    Requires.that(false, needs);
    throw new AssertionError("unreachable");
  }

  private static String firstLine(Path path) throws IOException, InterruptedException {
    try (ChildProcess child =
            Run.piped(Spawner.of(path.toString(), "--version")).spawn();
        InputStream stdout = child.stdout()) {
      String output = Text.all(stdout);
      Run.end(child);
      return output.lines().findFirst().orElse("");
    }
  }

  /** Returns a spawner with pipes. */
  public Spawner spawner(String... arguments) {
    List<String> words = new ArrayList<>(List.of(path));
    words.addAll(List.of(arguments));
    return Run.piped(Spawner.of(words));
  }

  /** Runs the program, and returns its exit status. */
  public ExitStatus run(String... arguments) throws IOException, InterruptedException {
    try (ChildProcess child = spawner(arguments).spawn()) {
      return Run.end(child);
    }
  }
}
