package dev.procdesc.compat.report;

import dev.procdesc.DeathGuard;
import dev.procdesc.Platform;
import dev.procdesc.ProbeResult;
import dev.procdesc.compat.support.Libc;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The environment of a run.
 *
 * @param platform the running system, as the library reports it
 * @param features the reports of all features
 * @param mechanisms the reports of all mechanisms
 * @param deathGuard the mechanism that kills children at the death of the JVM
 * @param facts other properties that may explain a result
 */
record Environment(
    String platform,
    List<ProbeResult> features,
    List<ProbeResult> mechanisms,
    DeathGuard deathGuard,
    Map<String, String> facts) {
  static Environment current() {
    Platform platform = Platform.current();
    Map<String, String> facts = new TreeMap<>();
    for (String property : new String[] {
      "os.name", "os.version", "os.arch", "java.version", "java.vm.name", "user.name"
    }) {
      facts.put(property, System.getProperty(property, ""));
    }
    facts.put("uid", Integer.toString(Libc.C.geteuid()));
    facts.put("processors", Integer.toString(Runtime.getRuntime().availableProcessors()));
    facts.put("maxMemory", Long.toString(Runtime.getRuntime().maxMemory()));
    // The mechanisms that are disabled, and the settings of the suite.
    System.getProperties().stringPropertyNames().forEach(name -> {
      if (name.startsWith("dev.procdesc.") || name.startsWith("procdesc.")) {
        facts.put(name, System.getProperty(name));
      }
    });
    return new Environment(
        platform.toString(),
        platform.reports(),
        platform.mechanisms(),
        platform.deathGuard(),
        facts);
  }
}
