package dev.procdesc.bench;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus;
import dev.procdesc.Stdio;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Lists the classes that a first spawn loads, with the time of each phase: see {@link ColdSpawn}.
 * No other thread loads classes meanwhile, so that each belongs to the phase that needs it.
 */
final class ColdPhases {
  /** The bootstrap of the methods that a record does not define itself. */
  private static final String RECORD_METHODS = "java.lang.runtime.ObjectMethods";

  /** The phases of a spawn, each with the class whose loading begins it. */
  private static final List<Phase> PHASES = List.of(
      new Phase("request", ColdSpawn.class.getName()),
      new Phase("search for the backend", "dev.procdesc.Platform"),
      new Phase("load of jffi", "dev.procdesc.posix.ffi.NativeAccess"),
      new Phase("probes", "dev.procdesc.linux.kernel.Probes"),
      new Phase("launcher", "dev.procdesc.linux.LinuxLauncher"),
      new Phase("guardian", "dev.procdesc.linux.guardian.GuardianStart"),
      new Phase("creation of the child", "dev.procdesc.linux.ScriptBuilder"),
      new Phase("wait and close", "dev.procdesc.posix.process.ProcessState"));

  private static final Pattern LINE =
      Pattern.compile("\\[([0-9]+)[.,]([0-9]{3})s\\] (\\S+) source: (.*)");

  private ColdPhases() {}

  private record Phase(String name, String firstClass) {}

  /**
   * A class that was loaded.
   *
   * @param millis the time since the start of the JVM
   * @param source the place that it was loaded from, as the JVM names it
   */
  record Loaded(long millis, String name, String source) {
    boolean isShared() {
      return source.startsWith("shared objects file");
    }

    /** Returns whether a lambda or method reference of the library was linked for this class. */
    boolean isOwnLambda() {
      return name.startsWith("dev.procdesc.") && name.contains("$$Lambda");
    }

    /** Returns whether this is a class of the library, from its class files. */
    boolean isOwn() {
      return name.startsWith("dev.procdesc.")
          && !name.startsWith("dev.procdesc.bench.")
          && !isOwnLambda();
    }

    boolean isDependency() {
      return (name.startsWith("com.kenai.jffi.") || name.startsWith("jnr."))
          && !name.contains("$$Lambda");
    }

    boolean isOfRecorder() {
      return name.startsWith("jdk.jfr.");
    }

    /** Returns whether this is a class of the JDK that is not in the JDK's own CDS archive. */
    boolean isUnarchived() {
      return source.startsWith("jrt:");
    }

    /** Returns whether an invokedynamic instruction of the library was linked by this class. */
    boolean isLink() {
      return isOwnLambda() || name.equals(RECORD_METHODS);
    }
  }

  /** Returns the classes that a first spawn loads, from the start of {@code main} to the end. */
  static List<Loaded> spawn() throws IOException, InterruptedException {
    Path log = Files.createTempFile("procdesc-classes", ".log");
    try {
      // Without rotation, which would rename the empty file and leave it behind.
      List<String> options = List.of(
          "-Ddev.procdesc.preload=false", "-Xlog:class+load:file=" + log + ":uptime:filecount=0");
      try (ChildProcess jvm = Jvm.running(ColdSpawn.class, options, "procdesc")
          .stdout(Stdio.nullDevice())
          .spawn()) {
        ExitStatus status = jvm.waitFor();
        if (!status.isSuccess()) {
          throw new IOException("the cold JVM: " + status);
        }
      }
      return parse(Files.readAllLines(log));
    } finally {
      Files.delete(log);
    }
  }

  private static List<Loaded> parse(List<String> lines) {
    List<Loaded> loaded = new ArrayList<>();
    for (String line : lines) {
      Matcher matcher = LINE.matcher(line);
      if (matcher.matches()
          && (!loaded.isEmpty() || matcher.group(3).equals(ColdSpawn.class.getName()))) {
        long millis = Long.parseLong(matcher.group(1)) * 1000 + Long.parseLong(matcher.group(2));
        loaded.add(new Loaded(millis, matcher.group(3), matcher.group(4)));
      }
    }
    return loaded;
  }

  /**
   * Prints the phases of one first spawn.
   *
   * @param args {@code --classes} also prints the name of each class that is not in the JDK's
   *     archive
   * @throws Exception if the spawn fails
   */
  public static void main(String[] args) throws Exception {
    List<Loaded> loaded = spawn();
    System.out.printf(
        "%-24s %6s %6s %6s %6s %6s %6s%n", "phase", "ms", "own", "jffi", "JDK", "CDS", "indy");
    List<Loaded> phase = new ArrayList<>();
    int next = 1;
    for (Loaded each : loaded) {
      if (next < PHASES.size() && each.name().equals(PHASES.get(next).firstClass())) {
        print(PHASES.get(next - 1).name(), phase, each.millis());
        phase.clear();
        next++;
      }
      phase.add(each);
    }
    print(PHASES.get(next - 1).name(), phase, loaded.get(loaded.size() - 1).millis());
    print("all", loaded, loaded.get(loaded.size() - 1).millis());
    if (List.of(args).contains("--classes")) {
      for (Loaded each : loaded) {
        if (!each.isShared()) {
          System.out.println(each.millis() + " ms " + each.name());
        }
      }
    }
  }

  private static void print(String name, List<Loaded> phase, long end) {
    System.out.printf(
        "%-24s %6d %6d %6d %6d %6d %6d%n",
        name,
        end - phase.get(0).millis(),
        phase.stream().filter(Loaded::isOwn).count(),
        phase.stream().filter(Loaded::isDependency).count(),
        phase.stream().filter(Loaded::isUnarchived).count(),
        phase.stream().filter(Loaded::isShared).count(),
        phase.stream().filter(Loaded::isLink).count());
  }
}
