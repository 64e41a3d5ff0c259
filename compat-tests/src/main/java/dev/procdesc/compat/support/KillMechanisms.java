package dev.procdesc.compat.support;

import dev.procdesc.Feature;
import dev.procdesc.Mechanism;
import dev.procdesc.Platform;
import dev.procdesc.compat.Requires;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The ways in which the death of the JVM kills, as far as they can be had on this system. */
public final class KillMechanisms {
  /** Each is what must be switched off to get to it; the first name tells whether it is one. */
  private static final List<String> ALL = List.of(
      "sender_pidfd",
      "clone3",
      "close_range",
      "autoreap",
      "autokill,autokill_nnp",
      "autokill,autokill_nnp,sender_pidfd");

  private static final String DISABLE = "dev.procdesc.disable";

  private KillMechanisms() {}

  /** What to switch off; the first is nothing. */
  public static Stream<String> all() {
    Set<String> present = Platform.current().mechanisms().stream()
        .filter(Mechanism::present)
        .map(Mechanism::name)
        .collect(Collectors.toSet());
    return Stream.concat(
        Stream.of(""), ALL.stream().filter(names -> present.contains(names.split(",", 2)[0])));
  }

  /** Switches mechanisms off in a JVM, besides those that are off here. */
  public static ChildJvm without(String names, ChildJvm jvm) {
    String here = System.getProperty(DISABLE, "");
    return jvm.property(DISABLE, here.isEmpty() ? names : here + "," + names);
  }

  /** Makes a JVM use the guardian although the kernel might kill by itself. */
  public static ChildJvm guardian(ChildJvm jvm) {
    Requires.feature(Feature.KILL_ON_JVM_DEATH);
    Requires.that(
        Platform.current().mechanisms().stream()
            .anyMatch(mechanism -> mechanism.name().equals("guardian")),
        "a system where a guardian kills");
    return without("autokill,autokill_nnp", jvm);
  }
}
