package dev.procdesc.cli;

import com.google.gson.stream.JsonWriter;
import dev.procdesc.ExitStatus;
import dev.procdesc.ProcessIdentity;
import dev.procdesc.ResourceUsage;
import dev.procdesc.SpawnException;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The report of {@code pd run} about a command.
 *
 * @param command the command
 * @param json true for one line of JSON, false for a table
 */
record Report(List<String> command, boolean json) {

  void ended(Outcome outcome, Output to) throws IOException {
    if (json) {
      to.println(toJson(outcome));
    } else {
      to.print(toTable(outcome));
    }
  }

  /**
   * Reports a command that did not start, in JSON only; without JSON the error message is the
   * report.
   */
  void failed(Throwable cause, int exitCode, Output to) throws IOException {
    if (json) {
      to.println(toJson(cause, exitCode));
    }
  }

  /** Reports a command that was started and released. */
  void detached(long pid, Optional<ProcessIdentity> identity, Output to) throws IOException {
    StringWriter text = new StringWriter();
    try (JsonWriter out = begin(text)) {
      write(pid, identity, out);
      out.name("status").beginObject().name("kind").value("running").endObject();
      out.name("exitCode").value(ExitCodes.OK);
      out.endObject();
    }
    to.println(text.toString());
  }

  private JsonWriter begin(StringWriter text) throws IOException {
    JsonWriter out = new JsonWriter(text);
    out.setHtmlSafe(false);
    out.beginObject().name("command").beginArray();
    for (String word : command) {
      out.value(word);
    }
    return out.endArray();
  }

  private String toJson(Outcome outcome) throws IOException {
    StringWriter text = new StringWriter();
    try (JsonWriter out = begin(text)) {
      write(outcome.pid(), outcome.identity(), out);
      out.name("status");
      write(outcome.status(), out);
      out.name("timedOut").value(outcome.expiry() != Outcome.Expiry.NONE);
      out.name("killedAfterTimeout").value(outcome.expiry() == Outcome.Expiry.KILLED);
      out.name("exitCode").value(outcome.exitCode());
      out.name("started").value(outcome.started().toString());
      out.name("wallSeconds").value(seconds(outcome.wall()));
      if (outcome.usage().isPresent()) {
        out.name("usage");
        write(outcome.usage().get(), out);
      }
      out.endObject();
    }
    return text.toString();
  }

  private String toJson(Throwable cause, int exitCode) throws IOException {
    StringWriter text = new StringWriter();
    try (JsonWriter out = begin(text)) {
      out.name("status").beginObject().name("kind").value("not-started");
      out.name("message").value(Failure.message(cause));
      if (cause instanceof SpawnException spawn) {
        out.name("step").value(spawn.step().name());
        out.name("operation").value(spawn.operation());
        out.name("subject").value(spawn.subject());
        out.name("errno").value(spawn.errno());
      }
      out.endObject();
      out.name("exitCode").value(exitCode);
      out.endObject();
    }
    return text.toString();
  }

  private static void write(long pid, Optional<ProcessIdentity> identity, JsonWriter out)
      throws IOException {
    out.name("pid").value(pid);
    if (identity.isPresent()) {
      out.name("identity").value(identity.get().toString());
    }
  }

  private static void write(ExitStatus status, JsonWriter out) throws IOException {
    out.beginObject().name("kind");
    if (status instanceof ExitStatus.Exited exited) {
      out.value("exited").name("code").value(exited.code());
    } else if (status instanceof ExitStatus.Signaled signaled) {
      out.value("signaled").name("signal").value(signaled.signal().name());
      out.name("number").value(signaled.signal().number());
      out.name("coreDumped").value(signaled.coreDumped());
    } else if (status instanceof ExitStatus.Unknown unknown) {
      out.value("unknown").name("reason").value(unknown.reason());
    }
    out.endObject();
  }

  private static void write(ResourceUsage usage, JsonWriter out) throws IOException {
    out.beginObject();
    out.name("userSeconds").value(seconds(usage.userTime()));
    out.name("systemSeconds").value(seconds(usage.systemTime()));
    out.name("maxResidentBytes").value(usage.maxResidentBytes());
    out.name("maxResidentIsCeiling").value(isCeiling(usage));
    out.name("minorFaults").value(usage.minorFaults());
    out.name("majorFaults").value(usage.majorFaults());
    out.name("blockInputs").value(usage.blockInputs());
    out.name("blockOutputs").value(usage.blockOutputs());
    out.name("voluntarySwitches").value(usage.voluntarySwitches());
    out.name("involuntarySwitches").value(usage.involuntarySwitches());
    out.endObject();
  }

  private static String toTable(Outcome outcome) {
    Table table = new Table();
    table.row("status", words(outcome));
    table.row("wall", human(outcome.wall()));
    if (outcome.usage().isEmpty()) {
      table.row("usage", "not available for this process on this system");
      return table.toString();
    }
    ResourceUsage usage = outcome.usage().get();
    table.row("user", human(usage.userTime()));
    table.row("system", human(usage.systemTime()));
    table.row("max RSS", (isCeiling(usage) ? "at most " : "") + bytes(usage.maxResidentBytes()));
    table.row("faults", usage.minorFaults() + " minor, " + usage.majorFaults() + " major");
    table.row("block I/O", usage.blockInputs() + " in, " + usage.blockOutputs() + " out");
    table.row(
        "switches",
        usage.voluntarySwitches() + " voluntary, " + usage.involuntarySwitches() + " involuntary");
    return table.toString();
  }

  private static String words(Outcome outcome) {
    String words;
    if (outcome.status() instanceof ExitStatus.Exited exited) {
      words = "exited with " + exited.code();
    } else if (outcome.status() instanceof ExitStatus.Signaled signaled) {
      words = "ended by " + signaled.signal() + (signaled.coreDumped() ? ", core dumped" : "");
    } else {
      words = "unknown";
    }
    return switch (outcome.expiry()) {
      case NONE -> words;
      case TERMINATED -> words + " (timed out)";
      case KILLED -> words + " (timed out, killed)";
    };
  }

  /**
   * Returns whether the command may have used less memory than reported. On Linux a process
   * inherits the maximum resident set size of the process that created it, so it reports at least
   * this JVM's.
   */
  private static boolean isCeiling(ResourceUsage usage) {
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"))) {
      return lines
          .filter(line -> line.startsWith("VmHWM:"))
          .map(line -> line.replaceAll("[^0-9]", ""))
          .anyMatch(kib -> usage.maxResidentBytes() <= Long.parseLong(kib) * 1024);
    } catch (IOException e) {
      return false;
    }
  }

  private static double seconds(Duration duration) {
    return duration.toNanos() / 1e9;
  }

  private static String human(Duration duration) {
    return String.format(Locale.ROOT, "%.3f s", seconds(duration));
  }

  private static String bytes(long bytes) {
    return bytes < 1 << 20
        ? String.format(Locale.ROOT, "%.1f KiB", bytes / 1024.0)
        : String.format(Locale.ROOT, "%.1f MiB", bytes / 1024.0 / 1024.0);
  }
}
