package dev.procdesc;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The texts of messages about commands. */
final class Commands {
  private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_@%+=:,./-]+");
  private static final int TAIL_LINES = 10;
  private static final int TAIL_BYTES = 2048;

  private Commands() {}

  /** Returns a command as a shell reads it, on one line unless a word has several. */
  static String quote(List<String> command) {
    return command.stream().map(Commands::quote).collect(Collectors.joining(" "));
  }

  /** Returns the commands of a pipeline as a shell reads them. */
  static String quoteAll(List<List<String>> commands) {
    return commands.stream().map(Commands::quote).collect(Collectors.joining(" | "));
  }

  private static String quote(String word) {
    return PLAIN.matcher(word).matches() ? word : "'" + word.replace("'", "'\\''") + "'";
  }

  /** Returns the predicate of a sentence about an exit status. */
  static String describe(ExitStatus status) {
    if (status instanceof ExitStatus.Exited exited) {
      return "exited with " + exited.code();
    }
    if (status instanceof ExitStatus.Signaled signaled) {
      return "was killed by "
          + signaled.signal().name()
          + (signaled.coreDumped() ? " and dumped core" : "");
    }
    return "has ended with an unknown status: " + ((ExitStatus.Unknown) status).reason();
  }

  /** Returns the last lines of standard error, after a colon; empty if there are none. */
  static String tail(CapturedOutput stderr) {
    byte[] bytes = stderr.bytes();
    byte[] last = Arrays.copyOfRange(bytes, Math.max(0, bytes.length - TAIL_BYTES), bytes.length);
    List<String> lines =
        new String(last, StandardCharsets.UTF_8).stripTrailing().lines().toList();
    String text =
        String.join("\n", lines.subList(Math.max(0, lines.size() - TAIL_LINES), lines.size()));
    return text.isBlank() ? "" : ":\n" + text;
  }
}
