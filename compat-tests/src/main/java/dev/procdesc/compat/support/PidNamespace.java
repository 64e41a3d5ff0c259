package dev.procdesc.compat.support;

import dev.procdesc.compat.Differences;
import dev.procdesc.compat.Requires;
import java.io.IOException;

/** A PID namespace of Linux, which {@code unshare(1)} creates, and in which a JVM is PID 1. */
public final class PidNamespace {
  // A user other than root gets the permission in a new user namespace.
  private static final String UNSHARE =
      "exec unshare $([ \"$(id -u)\" = 0 ] || echo -Ur) --pid --fork --kill-child --mount-proc \"$@\"";

  private PidNamespace() {}

  /** Requires that a namespace can be created. */
  public static void require() throws IOException, InterruptedException {
    Requires.that(
        !Differences.simulated()
            && new ProcessBuilder("/bin/sh", "-c", UNSHARE, "sh", "true")
                    .start()
                    .waitFor()
                == 0,
        "PID namespaces, and the permission to create one");
  }

  /** Returns the command of a JVM that runs a scenario as PID 1. */
  public static ChildJvm jvm(Class<? extends Scenario> scenario, String... arguments) {
    return ChildJvm.of(scenario, arguments).startedBy(UNSHARE);
  }
}
