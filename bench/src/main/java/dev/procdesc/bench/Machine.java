package dev.procdesc.bench;

import dev.procdesc.Platform;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** The facts of a machine on which results depend. */
final class Machine {
  private Machine() {}

  /** Returns the facts by their names. */
  static Map<String, String> facts() {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("date", LocalDate.now(ZoneOffset.UTC).toString());
    facts.put(
        "procdesc",
        Optional.ofNullable(Machine.class.getPackage().getImplementationVersion())
            .orElse("not from a JAR"));
    facts.put("system", Platform.current().toString());
    facts.put("processors", Runtime.getRuntime().availableProcessors() + " × " + processor());
    Memory.total().ifPresent(total -> facts.put("memory", Unit.BYTES.format((double) total)));
    facts.put(
        "java", System.getProperty("java.vm.name") + " " + System.getProperty("java.vm.version"));
    return facts;
  }

  private static String processor() {
    try {
      return Proc.find(Path.of("/proc/cpuinfo"), "(?m)^model name\\s*: (.+)$")
          .orElse(System.getProperty("os.arch"));
    } catch (IOException e) {
      return System.getProperty("os.arch");
    }
  }

  /** Returns the load average of the last minute. */
  static String load() {
    return String.format(
        Locale.ROOT, "%.1f", ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage());
  }
}
