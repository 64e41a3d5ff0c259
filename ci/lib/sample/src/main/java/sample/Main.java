package sample;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus;
import dev.procdesc.Platform;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/** Prints the output of a child, its status, and the kind of path on which the library is. */
public final class Main {
  private Main() {}

  /** Runs the program. */
  public static void main(String[] arguments) throws Exception {
    Spawner spawner = Spawner.of("sh", "-c", "echo spawned; exit 5").stdout(Stdio.pipe());
    try (ChildProcess child = spawner.spawn()) {
      String output = new String(child.stdout().readAllBytes(), StandardCharsets.UTF_8).strip();
      ExitStatus status = child.waitFor(Duration.ofSeconds(60)).orElseThrow();
      boolean modular = Platform.class.getModule().isNamed();
      System.out.println(output + ", " + status + ", " + (modular ? "module path" : "class path"));
    }
  }
}
