package dev.procdesc.cli;

import com.google.gson.stream.JsonWriter;
import dev.procdesc.ChildProcess;
import dev.procdesc.DeathGuard;
import dev.procdesc.ExitStatus;
import dev.procdesc.Feature;
import dev.procdesc.InheritedDescriptors;
import dev.procdesc.OnClose;
import dev.procdesc.Platform;
import dev.procdesc.ProbeResult;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.spi.Since;
import java.io.IOException;
import java.io.StringWriter;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.UsageMessageSpec;

/** The command {@code pd doctor}. */
final class DoctorCommand implements Callable<Integer> {
  private static final String TEST = "sh -c 'exit 42'";

  private static final String[] DESCRIPTION = {
    "",
    "Lists every feature as present or absent; for an absent one, the last column is what it needs."
        + " Mechanisms are the calls and helpers that the library uses, the preferred ones first."
        + " Each can be disabled, to test those that remain:",
    "",
    "  pd -D dev.procdesc.disable=NAME[,NAME]... doctor",
    ""
  };

  private static final String[] EXIT_CODES = {
    "  0:the report is printed, also where the library does not work on this system",
    "  1:with --check: the library does not work; standard error has the cause and the remedy",
    " 64:a usage error",
    "125:pd could not print the report"
  };

  private final Options options = Options.of("doctor", this);

  private final Options.Flag json = options.flag("Prints the report as JSON.", "--json");

  private final Options.Flag check =
      options.flag("Exits with 1 if no child can be run on this system.", "--check");

  private DoctorCommand() {}

  static CommandSpec spec() {
    DoctorCommand doctor = new DoctorCommand();
    doctor.options.help();
    CommandSpec spec = doctor.options.command();
    spec.usageMessage()
        .header("Reports the features of the library on this system, and how they were probed.")
        .customSynopsis("pd doctor [--json] [--check]")
        .description(DESCRIPTION)
        .exitCodeListHeading("%nExit status:%n")
        .exitCodeList(UsageMessageSpec.keyValuesMap(EXIT_CODES))
        .footerHeading("%nExamples:%n")
        .footer("  pd doctor", "  pd doctor --json | jq '.features[] | select(.present | not)'");
    return spec;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    Platform platform;
    Optional<String> problem;
    try {
      platform = Platform.current();
      problem = tryOut();
    } catch (RuntimeException | LinkageError e) {
      String cause = Failure.message(e);
      Output.stdout().print(json.isGiven() ? failure(cause) + "\n" : toTable(cause));
      Failure.tell(e);
      return health(false);
    }
    Output.stdout()
        .print(json.isGiven() ? toJson(platform, problem) + "\n" : toTable(platform, problem));
    problem.ifPresent(text -> Failure.tell("cannot run a child: " + text));
    return health(problem.isEmpty());
  }

  private int health(boolean works) {
    return works || !check.isGiven() ? ExitCodes.OK : ExitCodes.UNHEALTHY;
  }

  /** Runs one child to its end, and returns the problem if that failed. */
  private static Optional<String> tryOut() throws InterruptedException {
    Spawner spawner = Spawner.of("sh", "-c", "exit 42")
        .stdin(Stdio.nullDevice())
        .stdout(Stdio.nullDevice())
        .stderr(Stdio.nullDevice());
    // Without a death guard the default is refused; the table says so, and all the rest works.
    OnClose onClose =
        Platform.current().has(Feature.KILL_ON_JVM_DEATH) ? OnClose.KILL : OnClose.RELEASE;
    try (ChildProcess child = spawner.onClose(onClose).spawn()) {
      ExitStatus status = child.waitFor();
      return status.equals(new ExitStatus.Exited(42))
          ? Optional.empty()
          : Optional.of(TEST + " ended as " + status);
    } catch (IOException | RuntimeException | LinkageError e) {
      return Optional.of(Failure.message(e));
    }
  }

  private static String toTable(Platform platform, Optional<String> problem) {
    Table facts = new Table();
    facts.row("procdesc", Version.library() + ", backend " + platform.name());
    facts.row("system", platform.system());
    facts.row("java", Version.java());
    facts.row("death guard", words(platform.deathGuard()));
    facts.row("inherited", inherited());
    facts.row("self-test", problem.orElse("ok: " + TEST + " exited with 42"));
    return facts
        + "\n"
        + toTable("FEATURE", platform.reports())
        + "\n"
        + toTable("MECHANISM", platform.mechanisms());
  }

  /** Returns the descriptors with which this JVM was started, in words. */
  private static String inherited() {
    try {
      List<String> names = InheritedDescriptors.announced();
      return names.isEmpty()
          ? "no descriptors by LISTEN_FDS"
          : names.size() + " by LISTEN_FDS: " + String.join(", ", names);
    } catch (IllegalStateException e) {
      return Failure.message(e);
    }
  }

  private static Table toTable(String heading, List<ProbeResult> results) {
    Table table = new Table().row(heading, "PRESENT", "PROBED BY", "LACKS");
    for (ProbeResult result : results) {
      table.row(result.name(), word(result.present()), result.how(), result.lacks());
    }
    return table;
  }

  /** Returns the table where no backend works: every feature is absent. */
  private static String toTable(String cause) {
    Table facts = new Table();
    facts.row("procdesc", Version.library() + ", no backend");
    facts.row("system", System.getProperty("os.name") + " " + System.getProperty("os.version"));
    facts.row("java", Version.java());
    facts.row("self-test", cause);
    Table features = new Table().row("FEATURE", "PRESENT", "PROBED BY", "LACKS");
    for (Feature feature : Feature.values()) {
      features.row(feature.name(), word(false), "the backends", "a backend that works");
    }
    return facts + "\n" + features;
  }

  private static String word(boolean present) {
    return present ? "yes" : "no";
  }

  private static String words(DeathGuard guard) {
    return switch (guard) {
      case KERNEL -> "KERNEL: when the JVM dies, the kernel kills its children";
      case GUARDIAN -> "GUARDIAN: when the JVM dies, a helper process kills its children";
      case NONE -> "NONE: when the JVM dies, its children continue to run";
    };
  }

  private static String failure(String cause) throws IOException {
    StringWriter text = new StringWriter();
    try (JsonWriter out = begin(text, false)) {
      out.name("cause").value(cause);
      out.endObject();
    }
    return text.toString();
  }

  private static String toJson(Platform platform, Optional<String> problem) throws IOException {
    StringWriter text = new StringWriter();
    try (JsonWriter out = begin(text, problem.isEmpty())) {
      if (problem.isPresent()) {
        out.name("cause").value(problem.get());
      }
      out.name("backend").value(platform.name());
      out.name("system").value(platform.system());
      out.name("deathGuard").value(platform.deathGuard().name().toLowerCase(Locale.ROOT));
      out.name("inherited").value(inherited());
      out.name("features").beginArray();
      for (Feature feature : Feature.values()) {
        out.beginObject().name("name").value(feature.name());
        out.name("description").value(feature.description());
        out.name("since").beginArray();
        for (Since since : feature.since()) {
          out.value(since + " (" + since.call() + ")");
        }
        out.endArray();
        finish(out, platform.report(feature));
      }
      out.endArray().name("mechanisms").beginArray();
      for (ProbeResult mechanism : platform.mechanisms()) {
        out.beginObject().name("name").value(mechanism.name());
        finish(out, mechanism);
      }
      out.endArray().endObject();
    }
    return text.toString();
  }

  private static JsonWriter begin(StringWriter text, boolean works) throws IOException {
    JsonWriter out = new JsonWriter(text);
    out.setIndent("  ");
    out.setHtmlSafe(false);
    out.beginObject();
    out.name("works").value(works);
    out.name("version").value(Version.library());
    out.name("java").beginObject();
    for (String property :
        new String[] {"java.runtime.version", "java.vendor", "java.vm.name", "java.home"}) {
      out.name(property).value(System.getProperty(property));
    }
    return out.endObject();
  }

  private static void finish(JsonWriter out, ProbeResult result) throws IOException {
    out.name("present").value(result.present());
    out.name("how").value(result.how());
    out.name("lacks").value(result.lacks());
    out.endObject();
  }
}
