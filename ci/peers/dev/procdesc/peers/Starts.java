package dev.procdesc.peers;

import dev.procdesc.SpawnException;
import dev.procdesc.Spawner;
import java.io.File;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.StringTokenizer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The methods of the JDK that start children, over {@code Spawner.from}. */
public final class Starts {
  private static final Pattern DESCRIPTION = Pattern.compile("\\(\\d+\\): ([^;]+)");

  private Starts() {}

  /** {@code ProcessBuilder.start()}, with the exceptions of JDK 17. */
  public static Process start(ProcessBuilder builder) throws IOException {
    for (String word : builder.command()) {
      if (word.indexOf('\0') >= 0) {
        throw new IOException("invalid null character in command");
      }
    }
    String program = builder.command().get(0);
    try {
      return Spawner.from(builder).spawn().asProcess();
    } catch (SpawnException e) {
      Matcher matcher = DESCRIPTION.matcher(String.valueOf(e.getMessage()));
      String where =
          builder.directory() == null ? "" : " (in directory \"" + builder.directory() + "\")";
      String cause = "error=" + e.errno() + ", " + (matcher.find() ? matcher.group(1) : "");
      throw new IOException(
          "Cannot run program \"" + program + "\"" + where + ": " + cause, new IOException(cause, e));
    }
  }

  public static Process exec(Runtime runtime, String command) throws IOException {
    return exec(runtime, command, null, null);
  }

  public static Process exec(Runtime runtime, String command, String[] environment)
      throws IOException {
    return exec(runtime, command, environment, null);
  }

  public static Process exec(Runtime runtime, String command, String[] environment, File directory)
      throws IOException {
    if (command.isEmpty()) {
      throw new IllegalArgumentException("Empty command");
    }
    List<String> words = new ArrayList<>();
    StringTokenizer tokens = new StringTokenizer(command);
    while (tokens.hasMoreTokens()) {
      words.add(tokens.nextToken());
    }
    return exec(runtime, words.toArray(new String[0]), environment, directory);
  }

  public static Process exec(Runtime runtime, String[] command) throws IOException {
    return exec(runtime, command, null, null);
  }

  public static Process exec(Runtime runtime, String[] command, String[] environment)
      throws IOException {
    return exec(runtime, command, environment, null);
  }

  /** {@code Runtime.exec}: entries of the environment without an equals sign are ignored. */
  public static Process exec(
      Runtime runtime, String[] command, String[] environment, File directory)
      throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command).directory(directory);
    if (environment != null) {
      builder.environment().clear();
      for (String entry : environment) {
        int nul = entry.indexOf('\0');
        String text = nul < 0 ? entry : entry.substring(0, nul);
        int equals = text.indexOf('=');
        if (equals >= 0) {
          builder.environment().put(text.substring(0, equals), text.substring(equals + 1));
        }
      }
    }
    return start(builder);
  }
}
