package dev.procdesc.compat.report;

import dev.procdesc.DeathGuard;
import dev.procdesc.FeatureReport;
import dev.procdesc.Mechanism;
import dev.procdesc.Platform;
import dev.procdesc.compat.support.Libc;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Where a run was made.
 *
 * @param platform the running system, as the library sees it
 * @param features each feature, present or absent
 * @param mechanisms each mechanism, present or absent
 * @param deathGuard by what means children die with the JVM
 * @param facts anything else that may explain a result
 */
record Environment(
    String platform,
    List<FeatureReport> features,
    List<Mechanism> mechanisms,
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
    // The rung: what is switched off, and what the suite was told.
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
