package dev.procdesc.compat.support;

import dev.procdesc.Feature;
import dev.procdesc.Platform;
import dev.procdesc.ProbeResult;
import dev.procdesc.compat.Requires;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The mechanisms that kill at the death of the JVM, as far as this system has them. */
public final class Mechanisms {
  /** The mechanisms to disable, so that the next one is used; the first of each must be present. */
  private static final List<String> ALL = List.of(
      "sender_pidfd",
      "clone3",
      "close_range",
      "shared_table",
      "autoreap",
      "autokill,autokill_nnp",
      "autokill,autokill_nnp,sender_pidfd");

  private static final String DISABLE = "dev.procdesc.disable";

  private Mechanisms() {}

  /** Returns the mechanisms to disable in one run each, as property values; the first is empty. */
  public static Stream<String> all() {
    Set<String> present = Platform.current().mechanisms().stream()
        .filter(ProbeResult::present)
        .map(ProbeResult::name)
        .collect(Collectors.toSet());
    return Stream.concat(
        Stream.of(""), ALL.stream().filter(names -> present.contains(names.split(",", 2)[0])));
  }

  /** Disables mechanisms in a JVM, in addition to those that are disabled here. */
  public static ChildJvm without(String names, ChildJvm jvm) {
    String here = System.getProperty(DISABLE, "");
    return jvm.property(DISABLE, here.isEmpty() ? names : here + "," + names);
  }

  /** Makes a JVM use the guardian even if the kernel can kill by itself. */
  public static ChildJvm guardian(ChildJvm jvm) {
    Requires.feature(Feature.KILL_ON_JVM_DEATH);
    Requires.that(
        Platform.current().mechanisms().stream()
            .anyMatch(mechanism -> mechanism.name().equals("guardian")),
        "a system with a guardian");
    return without("autokill,autokill_nnp", jvm);
  }
}
